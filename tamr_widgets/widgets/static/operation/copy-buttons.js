/** Buttons that copy a text and say so until they lose the focus. */

import { copyText, NOT_COPIED, setText } from "../shared/dom.js";

/** Labels of the buttons that copy something, by value. */
const COPY_LABELS = /** @type {Record<string, string>} */ ({
  copy: "Copy",
  code: "Copy code",
  path: "Copy path",
});

/** @param {ReturnType<typeof import("../shared/question.js").createButtons>} view */
export function createCopyButtons({ buttons, button }) {
  return {
    /** Creates a button that copies a text. @param {string} value @param {() => string | null | undefined} text */
    copyButton: (value, text) =>
      button(value, COPY_LABELS[value], async () => {
        const parent = /** @type {HTMLElement} */ (buttons[value].closest(".tamr"));
        setText(buttons[value], (await copyText(text() ?? "", parent)) ? "Copied" : NOT_COPIED);
      }),

    resetLabels() {
      for (const value in COPY_LABELS) setText(buttons[value], COPY_LABELS[value]);
    },
  };
}
