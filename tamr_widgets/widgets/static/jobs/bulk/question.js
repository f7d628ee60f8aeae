/** Confirmation of an action on several jobs, in place of the bar until a choice is made. */

import { focusedNear, make, plural, setText } from "../../shared/dom.js";
import { cut } from "../../shared/format.js";
import { andMore, BULK_LABELS, MAX_NAMED, nameOf } from "./labels.js";

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {ReturnType<typeof import("../../shared/question.js").createButtons>} view
 * @param {HTMLElement} bar the element of the buttons of the actions
 * @param {() => void} leave moves the focus into the table
 */
export function createBulkQuestion(jobs, { buttons, button }, bar, leave) {
  const [prompt, names] = [make("b"), make("span")];
  const no = button("no", "", () => jobs.bulk.confirm(false));
  const yes = button("yes", "", () => jobs.bulk.confirm(true));
  const question = make(
    "div",
    { role: "group", className: "question", hidden: true },
    prompt,
    names,
    no,
    yes,
  );

  // Some browsers would take the focus away on a press of the mouse, which closes the confirmation.
  question.onmousedown = (event) => event.preventDefault();
  // A handler that returned false would keep Enter, Space and Tab from the buttons.
  question.onkeydown = ({ key }) => {
    if (key === "Escape") jobs.bulk.confirm(false);
  };
  question.addEventListener("focusout", ({ relatedTarget }) => {
    // Nothing has the focus yet when Tab moves it from one button to the other.
    if (question.contains(/** @type {Node | null} */ (relatedTarget))) return;
    queueMicrotask(() => {
      // A view that is removed from the page loses its focus too, which must not close the confirmation.
      if (question.isConnected && document.hasFocus()) jobs.bulk.confirm(false);
    });
  });

  /** Names the other users who started some of the jobs, if this user's name is known. @param {string[]} keys */
  function startedByOthers(keys) {
    const { user } = jobs.status;
    const others = keys
      .map((key) => jobs.rows.get(key)?.user ?? "")
      .filter((other) => user && other && other !== user);
    if (!others.length) return "";
    const users = [...new Set(others)].map((other) => cut(other, 60));
    return (
      (keys.length === 1
        ? ". It was"
        : others.length === keys.length
          ? ". They were"
          : ". " + others.length.toLocaleString() + " of them were") +
      " started by " +
      users.slice(0, MAX_NAMED).join(", ") +
      andMore(users.length - MAX_NAMED) +
      ", not by you."
    );
  }

  /** @param {import("./action.js").Bulk} bulk */
  function drawTexts({ action, ids }) {
    const { ask, noun, no: keep } = BULK_LABELS[action];
    const them = ids.length === 1 ? "it" : "them";
    const where =
      (action === "cancel" ? " on " : " from ") + (cut(jobs.status.host, 99) || "the server") + "?";
    setText(prompt, ask + " " + plural(ids.length, noun) + where);
    setText(
      names,
      ids
        .slice(0, MAX_NAMED)
        .map((key) => nameOf(jobs.rows, key))
        .join(", ") +
        andMore(ids.length - MAX_NAMED) +
        startedByOthers(ids),
    );
    setText(no, action === "cancel" ? keep : keep + " " + them);
    setText(yes, "Yes, " + ask.toLowerCase() + " " + them);
    question.ariaLabel = prompt.textContent;
    question.dataset.asking = action;
  }

  return {
    node: question,

    /** Shows or hides the confirmation and moves the focus into it, or back to the action's button. */
    draw() {
      const { current } = jobs.bulk;
      const [from, asking] = [focusedNear(question), !!current?.asking];
      if (asking === !question.hidden) return;
      if (current?.asking) drawTexts(current);
      question.hidden = !asking;
      if (asking && bar.contains(from)) no.focus();
      bar.hidden = asking;
      if (asking || !question.contains(from)) return;
      const back = buttons[question.dataset.asking ?? ""];
      if (back.hidden) leave();
      else back.focus();
    },
  };
}
