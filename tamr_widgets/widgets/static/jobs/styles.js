/** Styles of JobsWidget. */

/** @type {string} the texts of jobs.css and of those of its parts; see bundle.py */
export const JOBS_CSS = /** @type {any} */ (globalThis).TAMR_JOBS_CSS;
