/** The way to the kernel: numbered messages, and whether anybody answers them. */

/** Seconds for which an idle kernel may leave a message without an answer. */
const PATIENCE_SECONDS = 5;
/** How often a page tells that it is looked at, in milliseconds. */
const SEEN_EVERY = 60000;

/** Messages of this page so far. */
let sent = 0;

/**
 * @param {import("@anywidget/types").AnyModel<any>} model
 * @param {() => void} lost is called when the kernel is found to be gone
 */
export function connect(model, lost) {
  let [answered, unanswered, last, seen] = [0, 0, 0, Date.now()];

  /** Sends a message and returns its number. @param {string} action */
  const send = (action, more = {}) => {
    last = ++sent;
    try {
      model.send({ do: action, n: last, ...more });
    } catch {
      // JupyterLab: the kernel that this model belongs to is gone.
      lost();
    }
    return last;
  };

  return {
    send,

    /** @param {number} ack */
    answer: (ack) => answered = ack,

    /** Once a second. @param {boolean} visible */
    check(visible) {
      const kernel = /** @type {any} */ (model).widget_manager?.kernel;
      unanswered = answered < last && kernel?.status === "idle" ? unanswered + 1 : 0;
      if (kernel === null || kernel?.status === "dead" || unanswered > PATIENCE_SECONDS) lost();
      else if (visible && Date.now() - seen >= SEEN_EVERY) {
        seen = Date.now();
        send("seen");
      }
    },
  };
}
