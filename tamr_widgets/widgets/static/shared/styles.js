/** Inserts the styles, once for each document or shadow root. */

import { make, setText } from "./dom.js";

/** @type {string} the text of panel.css; see bundle.py */
const CSS = /** @type {any} */ (globalThis).TAMR_CSS;

/** @param {Node} node in the document or shadow root that needs the styles */
export function insertStyles(node) {
  const root = node.getRootNode();
  const container = root instanceof ShadowRoot ? root : document.head;
  let style = container.querySelector("style[data-tamr]");
  if (!style) {
    style = make("style");
    style.setAttribute("data-tamr", "");
    container.append(style);
  }
  // After an upgrade without a reload, they are those of the version before.
  setText(style, CSS);
}
