/**
 * What travels between JobsWidget's two sides, besides what wire.js says. Times are epoch
 * milliseconds on the server's clock, an estimate's are seconds of running time.
 *
 * @typedef {[median: number, low: number, high: number, samples: number]} RowEstimate
 *
 * @typedef {[key: string, state: string | null, description: string, created_by: string,
 *   created: number | null, started: number | null, ended: number | null, type: string,
 *   estimate: RowEstimate | null]} WireRow
 *
 * @typedef {object} RowsMessage either rows that changed, or a piece of the full list
 * @property {WireRow[]} jobs
 * @property {string[]} [gone]
 * @property {boolean} [reset] this is the first piece of a full list
 * @property {number} [total] how many jobs the full list has
 * @property {boolean} [more] whether more pieces follow; absent when this is no piece
 *
 * @typedef {object} Report how far an action on several jobs is
 * @property {"cancel" | "delete"} action
 * @property {number} done how many the server has answered
 * @property {number} of
 * @property {[key: string, text: string][]} failed those not tried included
 * @property {number} not_tried how many were given up, since the error of one was that of all
 * @property {boolean} over
 *
 * @typedef {object} Status the synced trait `_status`; what is not known is left out
 * @property {boolean} [loading] until the first list
 * @property {number} [total] how many jobs there are; absent until the first list
 * @property {string} [callback_error] what a callback of the notebook raised
 * @property {string} [host]
 * @property {string} [fault]
 * @property {"retrying" | "gone" | "refused" | "stopped" | "action"} [fault_kind]
 * @property {number} [checked_at] kernel clock
 * @property {number} [retry_at] kernel clock
 * @property {boolean} [no_delete]
 *
 * @typedef {object} Traits
 * @property {Status} _status
 * @property {string} filter_state
 * @property {string} search
 * @property {string[]} _selected
 * @property {WireRow[]} _kept the newest rows, for a notebook that is reopened without a kernel
 */

export {};
