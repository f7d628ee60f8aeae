/** Buttons, and a confirmation that takes their place until a choice is made or it loses the focus. */

import { focusedNear, make, setText } from "./dom.js";

/** Creates the buttons of a view, and keeps them by their values. */
export function createButtons() {
  /** @type {Record<string, HTMLButtonElement>} */
  const buttons = {};
  /** @param {string} value @param {string} label @param {() => void} act */
  const button = (value, label, act) =>
    (buttons[value] = make(
      "button",
      {
        type: "button",
        value,
        // The second click of a double click would hit a button that the first one revealed.
        onclick: ({ detail }) => detail > 1 || buttons[value].ariaDisabled || act(),
      },
      label,
    ));
  return { buttons, button };
}

/**
 * @param {ReturnType<typeof createButtons>} view the buttons, with one for each action to confirm
 * @param {HTMLElement} actions the element of these buttons
 * @param {(yes: boolean) => void} onChoice
 * @param {() => void} [leave] moves the focus elsewhere if the action's button is hidden by now
 */
export function createQuestion({ buttons, button }, actions, onChoice, leave) {
  const prompt = make("span");
  const no = button("no", "", () => onChoice(false));
  const yes = button("yes", "", () => onChoice(true));
  const node = make("div", { role: "group", hidden: true }, prompt, no, yes);
  // Some browsers would take the focus away on a press of the mouse, which closes the confirmation.
  node.onmousedown = (event) => event.preventDefault();

  return {
    node,

    /**
     * Shows or hides the confirmation and moves the focus into it, or back to the action's button.
     * @param {string} asking the action, "" for none
     * @param {() => string[]} texts the question, the label that changes nothing, the label that confirms
     */
    draw(asking, texts) {
      if (!asking === node.hidden) return;
      const from = focusedNear(node);
      if (asking) {
        const labels = texts();
        [prompt, no, yes].forEach((part, i) => setText(part, labels[i]));
        node.ariaLabel = labels[0];
        node.dataset.asking = asking;
      }
      node.hidden = !asking;
      if (asking && actions.contains(from)) no.focus();
      actions.hidden = !!asking;
      if (asking || !node.contains(from)) return;
      const back = buttons[node.dataset.asking ?? ""];
      if (back.hidden) leave?.();
      else back.focus();
    },

    /** Whether the focus moves out of the confirmation. @param {FocusEvent} event */
    isLeftBy: ({ target, relatedTarget }) =>
      node.contains(/** @type {Node} */ (target)) &&
      !node.contains(/** @type {Node} */ (relatedTarget)),
  };
}
