/** The way to the kernel: numbered messages, and what is known of whether it is there. */

/** Seconds without an answer after which the page says that it waits, and asks whether the kernel knows it. */
const PATIENCE_SECONDS = 5;
/** How often a page tells that it is looked at, in milliseconds. */
const SEEN_EVERY = 60000;
/** In these states the kernel that a widget belongs to is gone, or going. */
const GONE = ["dead", "terminating", "restarting", "autorestarting"];

/** Messages of this page so far. */
let sent = 0;
/** Questions that a kernel has not answered yet, one for all widgets. @type {WeakMap<object, Promise<any>>} */
const questions = new WeakMap();

/** Asks a kernel which comms it knows; a busy one answers after its cell. @param {any} kernel @returns {Promise<any>} */
function commInfo(kernel) {
  let question = questions.get(kernel);
  if (!question) {
    question = Promise.resolve(kernel.requestCommInfo({ target_name: "jupyter.widget" })).catch(() => undefined)
      .finally(() => questions.delete(kernel));
    questions.set(kernel, question);
  }
  return question;
}

/**
 * @typedef {object} Connection
 * @property {boolean} live false only where it is known that no kernel knows of this widget
 * @property {string} waiting what the page waits for while a message is not answered, in words
 *
 * @param {import("@anywidget/types").AnyModel<any>} model
 * @param {(connection: Connection) => void} onChange
 */
export function connect(model, onChange) {
  let [answered, last, unanswered, seen] = [0, 0, 0, Date.now()];
  let [live, waiting, gone, closed] = [true, "", false, false];
  /** Whether the kernel said anything since there are messages that it has not answered. */
  let spoke = false;
  /** The kernel whose status is listened to. @type {any} */
  let watched;
  const kernelOf = () => /** @type {any} */ (model).widget_manager?.kernel;
  // The layout has a comm of its own, which lives as long as the widget's, and can be looked at.
  const layoutOf = () => model.get("layout");

  /** @param {boolean} isLive */
  function set(isLive, isWaiting = "") {
    if (live === isLive && waiting === isWaiting) return;
    [live, waiting] = [isLive, isWaiting];
    onChange({ live, waiting });
  }

  /** Sends a message and returns its number. @param {string} action */
  function send(action, more = {}) {
    last = ++sent;
    try {
      model.send({ do: action, n: last, ...more });
    } catch {
      // JupyterLab: the kernel that this model belongs to is gone.
      set(false);
    }
    return last;
  }

  /** Silence proves nothing, since a cell may run for hours. An answer without this widget in it does. */
  async function ask() {
    const kernel = kernelOf();
    const id = layoutOf()?.model_id;
    if (!id || !kernel?.requestCommInfo) return;
    const comms = (await commInfo(kernel))?.content?.comms;
    if (comms && !Object.hasOwn(comms, id) && !closed && answered < last && kernel === kernelOf()) set(false);
  }

  /** A kernel that starts was restarted, perhaps from another page: it may know nothing of this. */
  function onStatus(/** @type {any} */ _, /** @type {string} */ status) {
    if (status === "starting") {
      send("hello");
      ask();
    }
  }

  /** @param {any} [kernel] */
  function watch(kernel) {
    if (kernel === watched) return;
    watched?.statusChanged?.disconnect(onStatus);
    (watched = kernel)?.statusChanged?.connect(onStatus);
  }

  function reason() {
    const { status, connectionStatus } = kernelOf() ?? {};
    return connectionStatus === "connecting" ? "Waiting for the connection to the kernel."
      : status === "busy" ? "Waiting for the kernel: a cell is running."
      : spoke ? "Waiting for the kernel; it may be busy with a cell."
      : "The kernel does not answer; it may be busy with a cell.";
  }

  return {
    send,

    /** Takes note of a sign of life, which may answer a message. Answers do not come in order. */
    heard(ack = 0) {
      answered = Math.max(answered, ack);
      spoke = answered < last;
      if (!spoke) unanswered = 0;
      set(true, spoke ? waiting : "");
    },

    /** The front end says that no kernel knows of this model. */
    lose: () => set(false),

    /** Once a second. @param {boolean} visible */
    check(visible) {
      const kernel = kernelOf();
      const was = gone;
      watch(kernel);
      // Without a comm this is a saved model: in an exported page, or of a kernel that is no more.
      gone = kernel === null || layoutOf()?.comm_live === false ||
        GONE.includes(kernel?.status) || kernel?.connectionStatus === "disconnected";
      if (gone) return set(false);
      if (was) send("hello");
      if (!live) return;
      unanswered = answered < last ? unanswered + 1 : 0;
      if (unanswered && unanswered % PATIENCE_SECONDS === 0) ask();
      set(true, unanswered >= PATIENCE_SECONDS ? reason() : "");
      if (visible && Date.now() - seen >= SEEN_EVERY) {
        seen = Date.now();
        send("seen");
      }
    },

    close() {
      closed = true;
      watch();
    },
  };
}
