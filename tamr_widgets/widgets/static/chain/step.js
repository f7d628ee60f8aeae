/** View of one step in the row of a chain's steps. */

import { make, makeIcon, setText } from "../shared/dom.js";
import { progress, remaining } from "../shared/estimate.js";
import { cut, describe, duration } from "../shared/format.js";

/** @typedef {import("../shared/protocol.js").StepFacts} StepFacts */
/** @typedef {import("./store.js").ChainStore} ChainStore */

/** Label and icon shape of the states that only steps have. @type {Record<string, string[]>} */
const STEP_STATES = {
  WAITING: ["To come", "M8 2a6 6 0 1 0 .1 0"],
  STARTING: ["Starting", "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2"],
  BLOCKED: ["Held up", "M8 2a6 6 0 1 0 .1 0M6 5v6M10 5v6"],
  UNKNOWN: ["End not known", "M6 6a2 2 0 1 1 3 2q-1 .6-1 1.6M8 12v.5"],
};

/** Label and shape of a step's state. */
export const describeStep = (state = "") =>
  Object.hasOwn(STEP_STATES, state) ? STEP_STATES[state] : describe(state);

/** @param {ChainStore} chain @param {number} index */
export function createStep(chain, index) {
  const { icon, draw: drawShape } = makeIcon();
  const [name, word, time] = [make("b"), make("span"), make("small")];
  const fill = make("i");
  const bar = make("span", { className: "track", ariaHidden: "true" }, fill);
  const open = make("button", { value: "step" + index }, icon, name, word, time, bar);
  open.onclick = () => {
    const facts = chain.facts.steps[index];
    if (facts.id) chain.toggle(facts);
  };
  const node = make("li", {}, open);

  /** Text beside the state, and progress from 0 to 1, undefined if it is not known. @param {StepFacts} step @returns {[string, number | undefined]} */
  function timeOf({ state, started_at, ended_at, created_at, estimate, queue }) {
    const now = chain.now();
    if (state === "SUCCEEDED" || state === "FAILED" || state === "CANCELED") {
      return [started_at && ended_at ? duration((ended_at - started_at) / 1000) : "", 1];
    }
    if (state === "UNKNOWN") return ["", 0];
    if (state === "WAITING" || state === "BLOCKED") {
      return [estimate ? "usually " + duration(estimate.median) : "", 0];
    }
    const ran = started_at ? (now - started_at) / 1000 : NaN;
    if (ran >= 0) {
      return estimate
        ? [remaining(estimate, ran, false).replace(/,? from .*|\(.*/, ""), progress(estimate, ran)]
        : [duration(ran), undefined];
    }
    const waited = created_at ? (now - created_at) / 1000 : NaN;
    return [
      waited >= 0
        ? queue
          ? remaining(queue, waited, true).replace(/\(.*/, "")
          : "queued for " + duration(waited)
        : "",
      undefined,
    ];
  }

  return {
    node,

    /** @param {StepFacts} step */
    draw(step) {
      const [label, shape] = describeStep(step.state);
      const [text, part] = timeOf(step);
      drawShape(shape);
      setText(name, cut(step.name, 80));
      setText(word, cut(label, 40));
      setText(time, text.trim());
      // Screen readers read the focused button's name whenever it changes, which would be every second.
      time.ariaHidden = part === 0 || part === 1 ? null : "true";
      node.dataset.state = step.state;
      bar.dataset.busy = "" + (part === undefined && chain.live);
      fill.style.width = part === undefined ? "" : 100 * part + "%";
      open.ariaDisabled = step.id ? null : "true";
      open.title = step.id ? cut(step.description, 300) : "There is no operation yet.";
      if (step.id) open.ariaExpanded = "" + (chain.opened?.name === step.name);
      else open.removeAttribute("aria-expanded");
    },
  };
}
