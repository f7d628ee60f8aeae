/** Styles of JobsWidget. */

/** @type {string} the text of jobs.css; see bundle.py */
export const JOBS_CSS = /** @type {any} */ (globalThis).TAMR_JOBS_CSS;
