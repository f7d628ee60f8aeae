/**
 * What travels between the kernel and this page, in one place. All times are epoch milliseconds;
 * "server" is the clock of the Tamr server, "kernel" that of the Python process.
 *
 * @typedef {{median: number, low: number, high: number, samples: number}} Estimate in seconds; low to
 *   high is an 80% interval
 *
 * @typedef {object} Facts the synced trait `_panel`; what is not known is left out
 * @property {string} id
 * @property {string} [type]
 * @property {string} [description]
 * @property {string} [state] as the server wrote it
 * @property {boolean} [resolved]
 * @property {string} [message] in words
 * @property {string} [details] the raw long text behind the message
 * @property {string} [created_by]
 * @property {number} [created_at] server clock
 * @property {number} [started_at] server clock
 * @property {number} [ended_at] server clock
 * @property {number} [as_of] when this snapshot was fetched, server clock
 * @property {boolean} [waiting]
 * @property {number} [timeout] the limit of the wait, in seconds
 * @property {"cancel" | "delete"} [busy] an action that the server has not answered yet
 * @property {boolean} [deleted]
 * @property {string} [outcome] what the last wait or action came to
 * @property {string} [fault]
 * @property {"retrying" | "gone" | "refused" | "stopped" | "action"} [fault_kind]
 * @property {string} [callback_error] what a callback of the notebook raised
 * @property {number} [checked_at] kernel clock
 * @property {number} [retry_at] kernel clock
 * @property {boolean} [no_delete] the server answered 405 to a delete
 * @property {Estimate} [estimate] of the running time
 * @property {Estimate} [queue] of the time until it starts
 *
 * @typedef {"wait" | "stop" | "cancel" | "delete"} Action
 *
 * @typedef {{do: Action | "hello" | "seen", n: number}} Message page to kernel; `n` is its number
 *
 * @typedef {{ack: number, kernel: number, server: number}} Ack kernel to page: message `ack` has
 *   arrived; both clocks' now
 */

export {};
