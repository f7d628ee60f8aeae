/** Inserts the styles, once for each document or shadow root. */

/** @type {string} the text of panel.css; see bundle.py */
const CSS = /** @type {any} */ (globalThis).TAMR_CSS;

/** @param {Node} node in the document or shadow root that needs the styles */
export function insertStyles(node) {
  const root = node.getRootNode();
  const container = root instanceof ShadowRoot ? root : document.head;
  if (container.querySelector("style[data-tamr]")) return;
  const style = document.createElement("style");
  style.dataset.tamr = "";
  style.textContent = CSS;
  container.append(style);
}
