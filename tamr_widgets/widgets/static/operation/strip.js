/** The last runs of a kind of job as bars, with the current one beside them. */

import { make, setText } from "../shared/dom.js";
import { usualText } from "../shared/estimate.js";
import { clockTime, describe, duration } from "../shared/format.js";

/** @typedef {import("../shared/protocol.js").Past} Past */

/** Height of the picture, as a multiple of the upper end of the usual time; longer bars are cut. */
const MAX_HEIGHT_FACTOR = 1.5;

export function createStrip() {
  const picture = make("div", { role: "img" });
  const words = make("small");
  const [band, current] = [make("i", { className: "band" }), make("i", { className: "now" })];
  /** @type {HTMLElement[]} */
  let bars = [];
  /** @type {Past | undefined} */
  let shown;

  return {
    node: make("div", { className: "tamr-past" }, picture, words),
    /** @param {Past} past @param {number} ran NaN before its start @param {string} state @param {number} now */
    draw(past, ran, state, now) {
      const { runs, usual } = past;
      if (past !== shown) {
        bars = runs.map(([ended, seconds, outcome = "SUCCEEDED"]) => {
          const bar = make("i", {
            title:
              clockTime(ended) +
              ": " +
              describe(outcome)[0] +
              (seconds === null ? "" : ", ran " + duration(seconds)),
          });
          bar.dataset.state = outcome;
          return bar;
        });
        picture.replaceChildren(band, ...bars, current);
        shown = past;
      }
      const times = [...runs.map((run) => run[1] ?? 0), ran || 0];
      const max = usual
        ? Math.max(ran || 0, MAX_HEIGHT_FACTOR * usual.high)
        : Math.max(1, ...times);
      /** @param {number} seconds */
      const height = (seconds) => Math.min(100, (100 * seconds) / max) + "%";
      [...bars, current].forEach((bar, i) => (bar.style.height = height(times[i])));
      current.hidden = !(ran >= 0);
      current.dataset.state = state;
      band.hidden = !usual;
      if (usual)
        Object.assign(band.style, {
          bottom: height(usual.low),
          height: height(usual.high - usual.low),
        });

      const failed = runs.filter((run) => run[2] === "FAILED").length;
      const text = usualText(past, now);
      const last =
        "last " +
        (runs.length > 1 ? runs.length + " runs" : "run") +
        (failed ? ", " + failed + " failed" : "");
      picture.ariaLabel =
        "The " +
        last +
        (ran >= 0 ? ", and this one: " + duration(ran) : "") +
        (text && "; " + text);
      setText(words, (text && text + " · ") + "the " + last);
    },
  };
}
