/** The styles, once for each document or shadow root. */

/** @type {string} the text of panel.css; see assets.py */
const CSS = /** @type {any} */ (globalThis).TAMR_CSS;

/** @param {Node} node where the styles are needed */
export function insertStyles(node) {
  const root = node.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector("style[data-tamr]")) return;
  const style = document.createElement("style");
  style.dataset.tamr = "";
  style.textContent = CSS;
  home.append(style);
}
