/** What one job has in this page, whatever number of views draw it: facts, clocks, clicks, answers. */

import { stateWord } from "./format.js";

/** @typedef {import("./wire.js").Facts} Facts */
/** @typedef {import("./wire.js").Action} Action */
/** @typedef {ReturnType<typeof createStore>} Store */

/**
 * @param {Facts} facts
 * @param {(action: Action) => number} send posts a message and returns its number
 */
export function createStore(facts, send) {
  let skew = (facts.as_of ?? Date.now()) - Date.now();
  let kernelSkew = 0;
  let acknowledged = false;
  /** A wait that was asked for in this page, and whose end is still to be told. */
  let told = true;

  const store = {
    facts,
    /** Whether a kernel is there that knows of this job. */
    live: true,
    /** The question that is open. @type {"" | "cancel" | "delete"} */
    asking: "",
    /** Whether the details are shown. */
    open: false,
    /** The control that has the focus, to give it back to the next view. */
    focus: "",
    /** Clicks that no answer has been seen to yet. @type {Record<string, {n: number, at: number, done?: number}>} */
    sent: {},
    /** @type {Set<() => void>} */
    views: new Set(),

    draw() {
      for (const view of store.views) view();
    },
    /** Now on the server's clock; without a kernel, when the facts were true. */
    now: () => store.live ? Date.now() + skew : store.facts.as_of ?? Date.now(),
    /** A time of the kernel's clock on this page's clock. @param {number} [ms] */
    here: (ms = 0) => ms - kernelSkew,

    /**
     * Sends a click, once until it has been answered.
     * @param {Action} action
     */
    press(action) {
      const button = action === "stop" ? "wait" : action;
      if (store.sent[button]) return;
      if (action === "wait" && "Notification" in self) {
        told = false;
        if (Notification.permission === "default") Notification.requestPermission();
      }
      store.sent[button] = { n: send(action), at: Date.now() };
      store.draw();
    },

    /** @param {"" | "cancel" | "delete"} question */
    ask(question) {
      store.asking = question;
      store.draw();
    },

    /** @param {import("./wire.js").Ack} ack */
    acknowledge({ ack, kernel, server }) {
      const now = Date.now();
      // The server's clock is known to the second: a smaller step would only make times jump.
      if (!acknowledged || Math.abs(server - now - skew) > 1500) skew = server - now;
      kernelSkew = kernel - now;
      acknowledged = store.live = true;
      for (const click of Object.values(store.sent)) if (click.n === ack) click.done = now;
      store.draw();
    },

    /** @param {Facts} next */
    update(next) {
      if (!acknowledged && next.as_of) skew = next.as_of - Date.now();
      if (!told && (next.resolved || (store.facts.waiting && !next.waiting))) {
        told = true;
        if (next.resolved) notify(next);
      }
      store.facts = next;
      store.settle(0);
      store.draw();
    },

    /** Forgets the clicks that were answered so long ago. @param {number} ms */
    settle(ms) {
      for (const [button, { done }] of Object.entries(store.sent)) {
        if (done && Date.now() - done >= ms) delete store.sent[button];
      }
    },
  };
  return store;
}

/** @param {Facts} facts */
function notify({ id, description, state, message }) {
  if (Notification.permission === "granted") {
    new Notification(stateWord(state) + ": " + (description ?? id), { body: message, tag: "tamr " + id });
  }
}
