/** Styles of ChainWidget, beside those of the panel. */

/** @type {string} the text of chain.css; see bundle.py */
export const CHAIN_CSS = /** @type {any} */ (globalThis).TAMR_CHAIN_CSS;
