/** Heading of a panel: state, name and time of a job, its progress, and whether it is followed. */

import { make, makeIcon, setText } from "../shared/dom.js";
import { progress, remaining, waitingText } from "../shared/estimate.js";
import { between, clockTime, cut, describe, duration } from "../shared/format.js";

/** @typedef {import("./store.js").Store} Store */

/** @param {Store} store */
export function createHeading(store) {
  const { icon, draw: drawShape } = makeIcon();
  const [offline, word, title] = [make("p"), make("span"), make("b")];
  const [time, hint] = [make("small"), make("small")];
  const fill = make("i");
  const bar = make("div", { role: "progressbar", ariaLabel: "Progress" }, fill);
  /** Whether it runs longer than the upper end of its estimate. */
  let late = false;

  function drawState() {
    const { id, description, state, as_of, code } = store.facts;
    const [name, shape] = describe(state);
    drawShape(shape);
    setText(word, cut(name, 40));
    setText(title, cut(description, 300) || "Operation " + cut(id, 99));
    setText(
      offline,
      store.live
        ? store.waiting
        : "No kernel is connected: this is how it was" +
            (as_of ? " at " + clockTime(as_of) : "") +
            "." +
            (code ? " To follow it again: " + cut(code) : ""),
    );
  }

  function drawProgress() {
    const { state, resolved, created_at, started_at, ended_at, estimate, queue, ahead } =
      store.facts;
    const now = resolved ? ended_at : store.now();
    const ran = between(started_at, now);
    const queued = state !== "RUNNING" && !resolved ? between(created_at, now) : NaN;
    setText(
      time,
      ran >= 0
        ? (resolved ? "ran " : "running for ") + duration(ran)
        : queued >= 0 && "queued for " + duration(queued),
    );

    const hasEstimate = !resolved && estimate && ran >= 0;
    const text =
      resolved || !store.isFollowed()
        ? ""
        : hasEstimate
          ? remaining(estimate, ran, false) + " · estimate"
          : (queue || ahead) && !started_at && queued >= 0
            ? waitingText(store.facts, queued)
            : "";
    const percent = resolved
      ? "100"
      : hasEstimate
        ? "" + Math.floor(100 * progress(estimate, ran))
        : null;
    late = !!hasEstimate && store.isFollowed() && ran > estimate.high;
    setText(hint, text);
    bar.ariaValueNow = percent;
    bar.ariaValueText = resolved ? describe(state)[0] : percent && percent + "%: " + text;
    fill.style.transform = percent ? "scaleX(" + percent + "%)" : "";
  }

  return {
    nodes: [offline, make("div", {}, make("span", {}, icon, word), title, time), bar, hint],
    get late() {
      return late;
    },
    draw() {
      drawState();
      drawProgress();
    },
  };
}
