/** Connects a widget's store and its views to anywidget's model; the same for every widget. */

import { connect } from "./channel.js";
import { insertStyles } from "./styles.js";

/** Delay before the first message is repeated, in milliseconds. */
const REPEAT_DELAY_MS = 1500;

/** Called once a second. @type {Set<() => void>} */
const ticking = new Set();
let tickTimer = 0;

/**
 * @typedef {(action: string, more?: object) => number} Send sends a message and returns its number
 *
 * @typedef {object} Entry
 * @property {string} trait the synced trait with the facts that the page draws
 * @property {(facts: any) => void} update handles a change of that trait
 * @property {(connection: {live: boolean, waiting: string}) => void} setConnection
 * @property {(ack: import("./protocol.js").Ack) => void} acknowledge
 * @property {() => boolean} tick called once a second; returns whether a view is visible
 * @property {() => {node: HTMLElement, refocus(): void, destroy(): void}} createView
 * @property {(message: any) => void} [receive] handles a message that is no acknowledgement
 * @property {() => void} [reopen] called when a kernel has this widget again
 * @property {() => void} [subscribeAgain] repeats the first message
 * @property {Record<string, (...args: any[]) => void>} [listeners] further events of the model
 * @property {() => void} [close]
 */

/**
 * Calls a function once a second, with those of other widgets, so that the page is laid out once.
 * @param {() => void} tick
 * @returns {() => void} ends the calls
 */
function everySecond(tick) {
  if (!ticking.size) tickTimer = setInterval(() => ticking.forEach(runTick), 1000);
  ticking.add(tick);
  return () => {
    ticking.delete(tick);
    if (!ticking.size) clearInterval(tickTimer);
  };
}

/** Calls a function whose error does not end the calls of others. @param {() => void} tick */
function runTick(tick) {
  try {
    tick();
  } catch (error) {
    reportError(error);
  }
}

/**
 * Returns the factory of a widget, whose store and connection are shared by its views and outlive them.
 * @param {(model: any, send: Send) => Entry} open
 */
export const defineWidget = (open) => () => {
  /** @type {Entry} */
  let entry;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: any}} context */
    initialize({ model }) {
      connection = connect(model, (change) => entry.setConnection(change));
      const { send, markAlive, check } = connection;
      entry = open(model, send);

      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        ["change:" + entry.trait]: () => {
          markAlive();
          entry.update(model.get(entry.trait));
        },
        "msg:custom": (message) => {
          markAlive(message?.ack);
          if (message?.ack) entry.acknowledge(message);
          else if (message) entry.receive?.(message);
        },
        // The event does not say whether the comm is alive, an acknowledged message does.
        comm_live_update: () => {
          send("subscribe");
          entry.reopen?.();
        },
        ...entry.listeners,
      };
      for (const name in listeners) model.on(name, listeners[name]);

      send("subscribe");
      // The kernel may not know yet through which subshell to respond to the first message of a page.
      const repeat = entry.subscribeAgain ?? (() => send("subscribe"));
      const repeatTimer = setTimeout(repeat, REPEAT_DELAY_MS);
      const stopTicks = everySecond(() => check(entry.tick()));

      return () => {
        clearTimeout(repeatTimer);
        stopTicks();
        connection.close();
        entry.close?.();
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{el: HTMLElement}} context */
    render({ el }) {
      // JupyterLab gives this class to a view of a saved model that no kernel has.
      if (el.matches(".jupyter-widgets-disconnected")) connection.markLost();
      const view = entry.createView();
      insertStyles(el);
      el.append(view.node);
      const frame = requestAnimationFrame(view.refocus);
      return () => {
        cancelAnimationFrame(frame);
        view.destroy();
        view.node.remove();
      };
    },
  };
};
