/** The panel of one job. It does not depend on Jupyter: any page, or a table's row, can mount it. */

import { focusedNear, make, setText } from "../shared/dom.js";
import { cut, describe } from "../shared/format.js";
import { createButtons } from "../shared/question.js";
import { createActions } from "./actions.js";
import { createCopyButtons } from "./copy-buttons.js";
import { createDetails } from "./details.js";
import { createErrors } from "./errors.js";
import { createFacts } from "./facts.js";
import { createHeading } from "./heading.js";

/** @param {import("./store.js").Store} store */
export function createPanel(store) {
  const view = createButtons();
  const { buttons } = view;
  const { copyButton, resetLabels } = createCopyButtons(view);
  const heading = createHeading(store);
  const facts = createFacts(
    store,
    copyButton("path", () => store.facts.artifact),
  );
  const message = make("p");
  const details = createDetails(store, view, copyButton);
  const errors = createErrors(store);
  const actions = createActions(store, view, copyButton);
  const announcement = make("div", { role: "status" });
  const node = make(
    "div",
    { className: "tamr", role: "group" },
    ...heading.nodes,
    facts.node,
    message,
    ...details.nodes,
    ...errors.nodes,
    ...actions.nodes,
    announcement,
  );

  const focused = () => /** @type {HTMLButtonElement} */ (focusedNear(node));

  function drawAttributes() {
    const { id, description, state, deleted } = store.facts;
    const text = cut(description, 300);
    node.ariaLabel = "Operation " + cut(id, 99) + (text && ": " + text);
    Object.assign(node.dataset, {
      state: state ?? "",
      followed: store.isFollowed(),
      deleted,
      late: heading.late,
    });
  }

  let lastState = "";
  function announceState() {
    const { state, deleted } = store.facts;
    const text = deleted
      ? "Deleted"
      : describe(state)[0] + (heading.late ? ", longer than usual" : "");
    if (lastState && lastState !== text) setText(announcement, text);
    lastState = text;
  }

  function draw() {
    for (const part of [heading, facts, details, errors, actions]) part.draw();
    drawAttributes();
    setText(message, cut(store.facts.message));
    announceState();
  }
  draw();
  const drawn = { node, draw };
  store.views.add(drawn);

  const onFocus = () => {
    store.focus = node.contains(focused()) ? focused().value : "";
    draw();
  };
  node.addEventListener("focusin", onFocus);
  node.addEventListener("focusout", (event) => {
    const leavesQuestion = actions.isQuestionLeftBy(event);
    // A view that is removed from the page loses its focus too, which must not close the confirmation.
    queueMicrotask(() => {
      if (!node.isConnected || !document.hasFocus()) return;
      resetLabels();
      if (leavesQuestion) store.set({ asking: "" });
      onFocus();
    });
  });
  node.onkeydown = (event) => {
    if (event.key === "Escape") store.set({ asking: "" });
    // A notebook would take plain keys as its commands.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  return {
    ...drawn,
    /** Restores the focus that a removed view had, unless it is elsewhere now. */
    refocus() {
      if (document.activeElement === document.body) buttons[store.focus]?.focus();
    },
    destroy: () => store.views.delete(drawn),
  };
}
