/** Actions of a panel: their buttons with the reason where one is disabled, and the confirmation. */

import { focusedNear, make, setText } from "../shared/dom.js";
import { cut, duration, pendingNote } from "../shared/format.js";
import { createQuestion } from "../shared/question.js";
import { ERROR_TITLES } from "./errors.js";

/** @typedef {import("./store.js").Store} Store */

/** Confirmation by action: the question, the label that keeps the job, the label that confirms. */
const QUESTIONS = {
  cancel: ["Cancel this job on ", "Keep running", "Yes, cancel it"],
  delete: ["Delete this operation from ", "Keep it", "Yes, delete it"],
};

/** The reason for which a page cannot show desktop notifications, or "". */
const desktopUnavailable = () =>
  !("Notification" in self)
    ? "This page cannot show notifications: browsers allow them on https and localhost."
    : Notification.permission === "denied"
      ? "The browser blocks the notifications of this page."
      : "";

/**
 * @param {Store} store
 * @param {ReturnType<typeof import("../shared/question.js").createButtons>} view
 * @param {ReturnType<typeof import("./copy-buttons.js").createCopyButtons>["copyButton"]} copyButton
 */
export function createActions(store, view, copyButton) {
  const { buttons, button } = view;
  const note = make("small");
  const actions = make(
    "div",
    {},
    button("wait", "Wait", () => store.sendAction(store.facts.waiting ? "stop" : "wait")),
    button("bell", "", () => store.setDesktop(!store.desktop)),
    button("cancel", "Cancel job", () => store.set({ asking: "cancel" })),
    button("delete", "Delete", () => store.set({ asking: "delete" })),
    copyButton("code", () => store.facts.code),
    note,
  );
  const question = createQuestion(view, actions, (yes) => {
    const { asking } = store;
    store.set({ asking: "" });
    if (yes && asking) store.sendAction(asking);
  });

  /** The reason for which each button is disabled, empty for the others. @returns {Record<string, string | false | undefined>} */
  function reasons() {
    const { state, resolved, busy, deleted, error_kind, no_delete } = store.facts;
    const unavailable = !store.live
      ? "No kernel is connected."
      : deleted
        ? "The operation was deleted."
        : error_kind === "gone"
          ? ERROR_TITLES.gone
          : noop();
    const ended = resolved && "The job has ended.";
    const pending = busy && "The server has not answered yet.";
    return {
      wait: unavailable || ended,
      bell: unavailable || ended || desktopUnavailable(),
      cancel:
        unavailable || pending || ended || (state === "CANCELING" && "The job is being cancelled."),
      delete: unavailable || pending || (no_delete && "This server does not delete operations."),
    };
  }

  const noop = () =>
    store.facts.type === "NOOP" && "Everything was up to date: no job was started.";

  function drawButtons() {
    const { waiting, error_kind = "", code, notified = [] } = store.facts;
    for (const [key, reason] of Object.entries(reasons())) {
      buttons[key].ariaDisabled = reason ? "true" : null;
      buttons[key].title = reason || "";
      if (reason && store.asking === key) store.asking = "";
    }
    buttons.code.hidden = !code;
    buttons.bell.ariaPressed = "" + store.desktop;
    const recipients = [...notified, ...(store.desktop ? ["this desktop"] : [])].join(", ");
    setText(buttons.bell, "Notify" + (recipients && ": " + cut(recipients, 99)));
    setText(
      buttons.wait,
      waiting ? "Stop waiting" : /refused|stopped/.test(error_kind) ? "Try again" : "Wait",
    );
  }

  function drawNote() {
    const { waiting, busy, timeout, outcome } = store.facts;
    const focused = /** @type {HTMLElement} */ (focusedNear(actions));
    const pending = Object.values(store.sent).filter(({ done }) => !done);
    setText(
      note,
      pending.length
        ? pendingNote(pending[0].at)
        : (actions.contains(focused) && focused.title) ||
            (busy
              ? busy === "cancel"
                ? "Cancelling…"
                : "Deleting…"
              : waiting
                ? "Waiting for the end" + (timeout ? ", at most " + duration(timeout) : "") + "…"
                : cut(outcome) || noop()),
    );
  }

  /** Texts of the confirmation: the question, the label that keeps the job, the label that confirms. */
  function questionTexts() {
    const { server = "the server", by_other, created_by } = store.facts;
    const [ask, keep, confirm] = QUESTIONS[store.asking || "cancel"];
    const owner = by_other ? " It was started by " + cut(created_by, 99) + ", not by you." : "";
    return [ask + cut(server, 99) + "?" + owner, keep, confirm];
  }

  return {
    nodes: [actions, question.node],
    isQuestionLeftBy: question.isLeftBy,
    draw() {
      drawButtons();
      drawNote();
      question.draw(store.asking, questionTexts);
    },
  };
}
