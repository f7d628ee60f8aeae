/** The last runs of a kind of job as bars, with the current one beside them. */

import { clockTime, describe, duration } from "../shared/format.js";
import { make, setText } from "../shared/dom.js";
import { usualText } from "../shared/estimate.js";

/** Height of the picture, as a multiple of the upper end of what is usual; longer bars are cut off. */
const MAX_HEIGHT_FACTOR = 2;

/** @typedef {{past?: import("../shared/protocol.js").Past, ran: number, state?: string, now: number}} Current */

export function createStrip() {
  const picture = make("div", { role: "img" });
  const words = make("small");
  const node = make("div", { className: "tamr-past" }, picture, words);
  const [band, current] = [make("i", { className: "band" }), make("i", { className: "now" })];
  /** @type {import("../shared/protocol.js").Past | undefined} */
  let shown;

  return {
    node,
    /** @param {Current} job `ran` is NaN before its start */
    draw({ past, ran, state, now }) {
      if (!past) return;
      const { runs, usual } = past;
      const times = [...runs.map(([, seconds]) => seconds ?? 0), ran || 0];
      const limit = usual ? Math.max(ran || 0, MAX_HEIGHT_FACTOR * usual.high) : Infinity;
      const max = Math.min(limit, Math.max(...times, usual?.high ?? 0)) || 1;
      /** @param {number} seconds */
      const height = (seconds) => Math.min(100, 100 * seconds / max) + "%";

      if (past !== shown) {
        picture.replaceChildren(band, ...runs.map(([ended, seconds, outcome = "SUCCEEDED"]) => {
          const bar = make("i", { title: clockTime(ended) + ": " + describe(outcome)[0] + (seconds === null ? "" : ", ran " + duration(seconds)) });
          bar.dataset.state = outcome;
          bar.style.height = height(seconds ?? 0);
          return bar;
        }), current);
        shown = past;
      }
      const bars = /** @type {HTMLElement[]} */ ([...picture.children]).slice(1);
      bars.forEach((bar, i) => bar.style.height = height(times[i]));
      current.hidden = !(ran >= 0);
      current.dataset.state = state ?? "";
      band.hidden = !usual;
      if (usual) Object.assign(band.style, { bottom: height(usual.low), height: 100 * Math.min(1, (usual.high - usual.low) / max) + "%" });

      const failed = runs.filter(([, , outcome]) => outcome === "FAILED").length;
      const text = usualText(past, now);
      const last = "the last " + (runs.length > 1 ? runs.length + " runs" : "run") + (failed ? ", " + failed + " failed" : "");
      picture.ariaLabel = last[0].toUpperCase() + last.slice(1) + (ran >= 0 ? ", and this one: " + duration(ran) : "") + (text && "; " + text);
      setText(words, (text && text + " · ") + last);
    },
  };
}
