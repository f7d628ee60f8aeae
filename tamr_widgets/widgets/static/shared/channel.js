/** Connection to the kernel: numbered messages, and detection of whether the kernel is alive. */

import { elapsedMs } from "./format.js";

/** Seconds without a response after which the page says that it waits, and looks for the widget's comm. */
const UNRESPONSIVE_SECONDS = 5;
/** Interval at which a visible page reports that it is visible, in milliseconds. */
const VISIBLE_INTERVAL_MS = 60000;
/** Kernel statuses in which the kernel of a widget is gone, or about to be. */
const DEAD_STATUSES = ["dead", "terminating", "restarting", "autorestarting"];

/**
 * Number of the last message of this page, which numbers the messages of all its widgets. It begins at
 * a random number, since every page of a kernel gets the acknowledgements of all of them.
 */
let lastSeq = Math.floor(Math.random() * 2 ** 32) * 2 ** 20;
/** Pending comm_info requests, one for each kernel, shared by all widgets. @type {WeakMap<object, Promise<any>>} */
const pendingRequests = new WeakMap();

/** Requests the list of open comms; a busy kernel responds after its cell. @param {any} kernel @returns {Promise<any>} */
function commInfo(kernel) {
  let request = pendingRequests.get(kernel);
  if (!request) {
    request = Promise.resolve()
      .then(() => kernel.requestCommInfo({ target_name: "jupyter.widget" }))
      .catch(() => undefined)
      .finally(() => pendingRequests.delete(kernel));
    pendingRequests.set(kernel, request);
  }
  return request;
}

/**
 * @typedef {object} Connection
 * @property {boolean} live false only if it is certain that no kernel has this widget
 * @property {string} waiting text for people about the delay while a message is unacknowledged
 *
 * @param {import("@anywidget/types").AnyModel<any>} model
 * @param {(connection: Connection) => void} onChange
 */
export function connect(model, onChange) {
  let [acknowledged, lastSent, silentSeconds, reportedAt] = [0, 0, 0, Date.now()];
  let [live, waiting, dead, closed] = [true, "", false, false];
  /** Whether the kernel sent anything since the oldest unacknowledged message. */
  let responding = false;
  /** The kernel whose status signal is connected. @type {any} */
  let watchedKernel;
  const kernelOf = () => /** @type {any} */ (model).widget_manager?.kernel;
  // The layout's comm lives as long as the widget's, and unlike that one its model is accessible.
  const layoutOf = () => model.get("layout");

  /** @param {boolean} isLive */
  function setState(isLive, isWaiting = "") {
    if (live === isLive && waiting === isWaiting) return;
    [live, waiting] = [isLive, isWaiting];
    onChange({ live, waiting });
  }

  /** Sends a message and returns its number. @param {string} action */
  function send(action, more = {}) {
    lastSent = ++lastSeq;
    try {
      model.send({ action, seq: lastSent, ...more });
    } catch {
      // JupyterLab raises if the kernel of this model is gone.
      setState(false);
    }
    return lastSent;
  }

  /** Silence proves nothing, since a cell may run for hours. A list of comms without this widget's does. */
  async function checkComm() {
    const kernel = kernelOf();
    const id = layoutOf()?.model_id;
    if (!id || !kernel?.requestCommInfo) return;
    const comms = (await commInfo(kernel))?.content?.comms;
    if (
      comms &&
      !Object.hasOwn(comms, id) &&
      !closed &&
      acknowledged < lastSent &&
      kernel === kernelOf()
    )
      setState(false);
  }

  /** Checks a kernel that starts: it was restarted, perhaps from another page, and may not have this widget. */
  function onStatus(/** @type {any} */ _, /** @type {string} */ status) {
    if (status === "starting") {
      send("subscribe");
      checkComm();
    }
  }

  /** @param {any} [kernel] */
  function watch(kernel) {
    if (kernel === watchedKernel) return;
    watchedKernel?.statusChanged?.disconnect(onStatus);
    (watchedKernel = kernel)?.statusChanged?.connect(onStatus);
  }

  function waitingText() {
    const { status, connectionStatus } = kernelOf() ?? {};
    return connectionStatus === "connecting"
      ? "Waiting for the connection to the kernel."
      : status === "busy"
        ? "Waiting for the kernel: a cell is running."
        : responding
          ? "Waiting for the kernel; it may be busy with a cell."
          : "The kernel does not answer; it may be busy with a cell.";
  }

  return {
    send,

    /** Records that the kernel is alive, and that it acknowledged a message; they may arrive out of order. */
    markAlive(ack = 0) {
      if (ack <= lastSent) acknowledged = Math.max(acknowledged, ack);
      responding = acknowledged < lastSent;
      if (!responding) silentSeconds = 0;
      setState(true, responding ? waiting : "");
    },

    /** Records that, according to the front end, no kernel has this model. */
    markLost: () => setState(false),

    /** Updates the state; called once a second. @param {boolean} visible */
    check(visible) {
      const kernel = kernelOf();
      const wasDead = dead;
      watch(kernel);
      // Without a comm this is a saved model: in an exported page, or of a kernel that has ended.
      dead =
        kernel === null ||
        layoutOf()?.comm_live === false ||
        DEAD_STATUSES.includes(kernel?.status) ||
        kernel?.connectionStatus === "disconnected";
      if (dead) return setState(false);
      if (wasDead) {
        // The response to a request from before may be lost with the connection.
        pendingRequests.delete(kernel);
        send("subscribe");
      }
      if (!live) return;
      silentSeconds = acknowledged < lastSent ? silentSeconds + 1 : 0;
      if (silentSeconds && silentSeconds % UNRESPONSIVE_SECONDS === 0) checkComm();
      setState(true, silentSeconds >= UNRESPONSIVE_SECONDS ? waitingText() : "");
      if (visible && elapsedMs(reportedAt) >= VISIBLE_INTERVAL_MS) {
        reportedAt = Date.now();
        send("visible");
      }
    },

    close() {
      closed = true;
      watch();
    },
  };
}
