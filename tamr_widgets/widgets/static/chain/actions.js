/** Actions of a chain: the buttons for what can be done now, and the confirmation. */

import { focusedNear, make, setText } from "../shared/dom.js";
import { cut, pendingNote } from "../shared/format.js";
import { createButtons, createQuestion } from "../shared/question.js";

/** Confirmation by action: the question (% is the server), the label that changes nothing, the label that confirms. @type {Record<string, string[]>} */
const CHAIN_QUESTIONS = {
  start: ["Start this chain of jobs on %?", "Not now", "Yes, start it"],
  cancel: ["Cancel the job that runs on %, and start no more?", "Keep running", "Yes, cancel it"],
  resume: ["Start the steps that have not succeeded on %?", "Not now", "Yes, go on from here"],
};

/** Warning before a step is started again whose first job may run. */
const MAY_RUN = " may have started a job already: look at the Jobs page first. ";

export const CHAIN_ENDED = ["SUCCEEDED", "FAILED", "CANCELED", "STOPPED"];

/**
 * @param {import("./store.js").ChainStore} chain
 * @param {() => void} leave moves the focus into the list of steps
 */
export function createChainActions(chain, leave) {
  const note = make("small");
  const view = createButtons();
  const { buttons, button } = view;
  const actions = make(
    "div",
    {},
    button("start", "Start", () => chain.ask("start")),
    button("resume", "Go on from here", () => chain.ask("resume")),
    button("stop", "Stop after this step", () => chain.sendAction("stop")),
    button("cancel", "Cancel", () => chain.ask("cancel")),
    note,
  );
  /** @param {boolean} yes */
  const choose = (yes) => {
    if (yes && chain.asking) chain.sendAction(chain.asking);
    else chain.ask("");
  };
  const question = createQuestion(view, actions, choose, leave);

  function drawButtons() {
    const { recorded } = chain.facts;
    // The code of a recording decides.
    const state = recorded ? "" : chain.facts.state;
    const ended = CHAIN_ENDED.includes(state);
    const offers = {
      start: state === "WAITING",
      resume: (ended && state !== "SUCCEEDED") || state === "STOPPING",
      stop: state === "RUNNING",
      cancel: state === "RUNNING" || state === "STOPPING",
    };
    for (const [name, offered] of Object.entries(offers)) {
      const had = focusedNear(actions) === buttons[name];
      buttons[name].hidden = !offered;
      buttons[name].ariaDisabled = chain.live && !chain.sent ? null : "true";
      buttons[name].title = chain.live ? "" : "No kernel is connected.";
      // The focus would be lost with the button.
      if (had && !offered) leave();
      if (chain.asking === name && !offered) chain.asking = "";
    }
  }

  function drawNote() {
    const { sent } = chain;
    setText(note, !!sent && (sent.done ? "Sending…" : pendingNote(sent.at)));
  }

  /** Texts of the confirmation: the question, the label that changes nothing, the label that confirms. */
  function questionTexts() {
    const [ask, keep, confirm] = CHAIN_QUESTIONS[chain.asking];
    const question = ask.replace("%", () => cut(chain.facts.server ?? "the server", 99));
    const unclear = chain.facts.steps.filter((step) => step.may_have_started);
    if (chain.asking !== "resume" || !unclear.length) return [question, keep, confirm];
    const names = unclear.map(({ name }) => cut(name, 80)).join(", ");
    return [names + MAY_RUN + question, keep, confirm];
  }

  return {
    nodes: [actions, question.node],
    isQuestionLeftBy: question.isLeftBy,
    draw() {
      drawButtons();
      drawNote();
      question.draw(chain.asking, questionTexts);
    },
  };
}
