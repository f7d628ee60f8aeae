/**
 * Types of the data that travels between the kernel and the page. All times are epoch milliseconds;
 * "server" is the clock of the Tamr server, "kernel" that of the Python process. Unknown values are
 * left out.
 *
 * @typedef {{median: number, low: number, high: number, samples: number}} Estimate in seconds; low to
 *   high is an 80% interval
 *
 * @typedef {{count: number, names: string[]}} Ahead the number of the jobs ahead, names of the first
 * @typedef {{queue?: Estimate, ahead?: Ahead, estimate?: Estimate}} QueueFacts
 * @typedef {object} Past
 * @property {[ended: number, ran: number | null, state?: string][]} runs the newest last, on the
 *   server's clock; running times in seconds; states other than SUCCEEDED
 * @property {Estimate} [usual] of the running time
 * @property {number} [change] of the running time since `since`, as a share, if it is significant
 * @property {number} [since]
 *
 * @typedef {object} Facts the synced trait `_panel`
 * @property {string} id
 * @property {string} [type]
 * @property {string} [server] the name of the server
 * @property {string} [code] the Python expression that fetches the operation again
 * @property {string} [artifact] the path that an export or import left
 * @property {string} [description]
 * @property {string} [state] unchanged from the server's response
 * @property {boolean} [resolved]
 * @property {string} [message] the status message, summarized
 * @property {string} [details] the raw long text behind the message
 * @property {string} [created_by]
 * @property {boolean} [by_other] whether another user than the client's started it
 * @property {number} [created_at] server clock
 * @property {number} [started_at] server clock
 * @property {number} [ended_at] server clock
 * @property {number} [as_of] when this snapshot was fetched, server clock
 * @property {boolean} [waiting]
 * @property {number} [timeout] of the wait, in seconds
 * @property {"cancel" | "delete"} [busy] an action that the server has not responded to yet
 * @property {boolean} [deleted]
 * @property {string} [outcome] the result of the last wait or action
 * @property {string} [error] the error message of the last failed request
 * @property {"retrying" | "gone" | "refused" | "stopped" | "action"} [error_kind]
 * @property {string[]} [notified] the recipients of notify()
 * @property {string} [callback_error] the error that a callback of the notebook raised
 * @property {number} [checked_at] kernel clock
 * @property {number} [retry_at] kernel clock
 * @property {boolean} [no_delete] the server responded with 405 to a delete
 * @property {Estimate} [estimate] of the running time
 * @property {Estimate} [queue] of the time from its creation to its start
 * @property {Ahead} [ahead] the jobs that it waits for
 * @property {Past} [past] the last runs of such jobs
 *
 * @typedef {"wait" | "stop" | "cancel" | "delete"} Action
 *
 * @typedef {{action: Action | "subscribe" | "visible", seq: number}} Message page to kernel; `seq` is
 *   its number; "visible" is sent once a minute while a view is on the screen
 *
 * @typedef {{ack: number, kernel: number, server: number}} Ack kernel to page: message `ack` has
 *   arrived; the current time on both clocks
 *
 * The rest is JobsWidget's. Its job rows are arrays, since a list may have thousands of them; their
 * times are on the server's clock, their estimates in seconds of running time.
 *
 * @typedef {[median: number, low: number, high: number, samples: number]} RowEstimate
 *
 * @typedef {[key: string, state: string | null, description: string, created_by: string,
 *   created: number | null, started: number | null, ended: number | null, type: string,
 *   estimate: RowEstimate | null, queue?: RowQueue | null, reason?: string | null, since?: Since]} WireRow
 *
 * @typedef {boolean | number | null} Since of a failed job: true if its kind of job still fails and this
 *   is the newest failure, false for an older one, else the time of the next success, on the server's clock
 *
 * @typedef {[estimate: RowEstimate | null, ahead: number, first?: string]} RowQueue of a job that
 *   waits: the time from its creation to its start, the number of jobs ahead, the key of the first
 *
 * @typedef {{action: "subscribe" | "visible" | "wait", seq: number, again?: boolean} |
 *   {action: Action | "expand" | "collapse", seq: number, id: string} |
 *   {action: "cancel_all" | "delete_all", seq: number, ids: string[]}} JobsMessage page to kernel;
 *   `again` is of a repeated "subscribe" that needs no second list, `id` and `ids` are keys of rows
 *
 * @typedef {object} RowsMessage either rows that changed, or a chunk of the full list
 * @property {WireRow[]} jobs
 * @property {string[]} [gone] keys of removed rows
 * @property {boolean} [reset] whether this is the first chunk of a full list
 * @property {number} [total] the number of jobs of the full list
 * @property {boolean} [more] whether more chunks follow; absent when this is no chunk
 *
 * @typedef {object} Report the progress of an action on several jobs
 * @property {"cancel" | "delete"} action
 * @property {number} done the number of jobs that the server has responded for
 * @property {number} of
 * @property {[key: string, text: string][]} failed includes those that were not tried
 * @property {number} not_tried the number of jobs skipped after an error that would repeat for all
 * @property {boolean} over
 *
 * @typedef {object} Status the synced trait `_status`
 * @property {boolean} [loading] until the first list
 * @property {number} [total] the number of jobs; absent until the first list
 * @property {string} [callback_error] the error that a callback of the notebook raised
 * @property {string} [host] the name of the server
 * @property {string[]} [hints] sentences that follow from several jobs at once
 * @property {string} [user] the user of the client
 * @property {string} [error] the error message of the last failed request
 * @property {"retrying" | "gone" | "refused" | "stopped" | "action"} [error_kind]
 * @property {number} [checked_at] kernel clock
 * @property {number} [retry_at] kernel clock
 * @property {boolean} [no_delete]
 *
 * @typedef {object} StepFacts a step of a chain
 * @property {string} name
 * @property {string} state that of its operation; or WAITING, STARTING, BLOCKED, UNKNOWN
 * @property {number[]} after the numbers of the steps before it
 * @property {string} [why] why it has not succeeded, or why the last request failed
 * @property {boolean} [may_have_started] whether it failed after it may have started a job
 * @property {string[]} [holds_up] the names of the steps that cannot begin because of it
 * @property {Estimate} [estimate] of the running time
 * @property {Estimate} [queue] of the time from the creation of its job to its start
 * @property {string} [id] of its operation, as the rest
 * @property {string} [description]
 * @property {number} [created_at] server clock
 * @property {number} [started_at] server clock
 * @property {number} [ended_at] server clock
 *
 * @typedef {object} ChainFacts the synced trait `_chain`
 * @property {string} [name]
 * @property {string} state
 * @property {number} [at_once] the number of steps that may run at the same time
 * @property {string} [server] its name; absent before the first job, and if there are several
 * @property {boolean} [recorded] whether other code starts the jobs and waits for them
 * @property {number} [as_of] when the latest snapshot was fetched, server clock
 * @property {StepFacts[]} steps
 *
 * @typedef {object} Traits
 * @property {Status} _status
 * @property {string} filter_state
 * @property {string} search
 * @property {string[]} _selected
 * @property {{column?: string, descending?: boolean, opened?: string[]}} _table_state the order, and
 *   the keys of opened rows
 * @property {WireRow[]} _kept the newest rows, for a notebook that is reopened without a kernel
 */

export {};
