/** What a page knows of one job, whatever number of views draw it: facts, clocks, clicks, answers. */

import { cut, describe } from "../shared/format.js";

/** @typedef {import("../shared/protocol.js").Facts} Facts */
/** @typedef {import("../shared/protocol.js").Action} Action */
/** @typedef {ReturnType<typeof createStore>} Store */

/** The server's clock is known to the second: a smaller step would only make times jump. */
const JUMP = 1500;

/**
 * @param {Facts} facts
 * @param {(action: Action) => number} send posts a message and returns its number
 */
export function createStore(facts, send) {
  let skew = (facts.as_of ?? Date.now()) - Date.now();
  let kernelSkew = 0;
  let acknowledged = false;
  /** Whether a wait was asked for in this page, and its end is still to be told. */
  let awaited = false;

  const store = {
    facts,
    /** Whether a kernel is there that knows of this job. */
    live: true,
    /** What the page waits for while the kernel is silent, in words. */
    waiting: "",
    /** The question that is open. @type {"" | "cancel" | "delete"} */
    asking: "",
    /** Whether the details are shown. */
    open: false,
    /** The button that has the focus, to give it back to the next view. */
    focus: "",
    /**
     * Clicks by button, until their effect can be seen; `done` is when the kernel had one.
     * @type {Record<string, {n: number, at: number, done?: number}>}
     */
    sent: {},
    /** @type {Set<{draw(): void, node: HTMLElement}>} */
    views: new Set(),

    draw() {
      for (const view of store.views) view.draw();
    },

    /** @param {Partial<{asking: "" | "cancel" | "delete", open: boolean, live: boolean, waiting: string}>} change */
    set(change) {
      Object.assign(store, change);
      store.draw();
    },

    /** Whether the facts are kept up to date. */
    followed: () => store.live && !store.facts.deleted && !/gone|refused|stopped/.test(store.facts.fault_kind ?? ""),

    /** Now on the server's clock, or when the facts were true if nobody follows them any more. */
    now: () => !store.followed() && store.facts.as_of || Date.now() + skew,

    /** A time of the kernel's clock on this page's clock. */
    here: (ms = 0) => ms - kernelSkew,

    /** Sends a click, once until it has been answered. @param {Action} action */
    press(action) {
      const button = action === "stop" ? "wait" : action;
      if (store.sent[button]) return;
      if (button === "wait") {
        awaited = action === "wait" && "Notification" in self;
        if (awaited && Notification.permission === "default") Notification.requestPermission();
      }
      store.sent[button] = { at: Date.now(), n: send(action) };
      store.draw();
    },

    /** @param {import("../shared/protocol.js").Ack} ack */
    acknowledge({ ack, kernel, server }) {
      const now = Date.now();
      if (!acknowledged || Math.abs(server - now - skew) > JUMP) skew = server - now;
      kernelSkew = kernel - now;
      acknowledged = true;
      for (const click of Object.values(store.sent)) if (click.n === ack) click.done = now;
      store.draw();
    },

    /** @param {Facts} next */
    update(next) {
      if (!acknowledged && next.as_of) skew = next.as_of - Date.now();
      if (awaited && next.resolved) notify(next);
      if (next.resolved || (store.facts.waiting && !next.waiting)) awaited = false;
      store.facts = next;
      store.settle(0);
      store.draw();
    },

    /** Forgets the clicks that the kernel had so long ago. @param {number} ms */
    settle(ms) {
      for (const [button, { done }] of Object.entries(store.sent)) {
        if (done && Date.now() - done >= ms) delete store.sent[button];
      }
    },

    /** Called about once a second: draws what only the clock changes, where somebody can see it. */
    tick() {
      store.settle(2000);
      const seen = [...store.views].filter(({ node }) => node.offsetParent && !document.hidden);
      for (const view of seen) view.draw();
      return seen.length > 0;
    },
  };
  return store;
}

/** @param {Facts} facts */
function notify({ id, description = id, state, message }) {
  if (Notification.permission === "granted") {
    new Notification(cut(describe(state)[0] + ": " + description, 300), { body: message && cut(message), tag: "tamr" + id });
  }
}
