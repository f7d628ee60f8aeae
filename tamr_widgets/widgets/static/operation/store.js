/** State of one job in a page, shared by all its views: facts, clock offsets, clicks and focus. */

import { visibleOf } from "../shared/dom.js";
import { cut, describe, elapsedMs } from "../shared/format.js";

/** @typedef {import("../shared/protocol.js").Facts} Facts */
/** @typedef {import("../shared/protocol.js").Action} Action */
/** @typedef {ReturnType<typeof createStore>} Store */

/** Minimum change of the server's clock offset that is applied, since its clock is known to the second. */
const MIN_CLOCK_STEP_MS = 1500;

/**
 * @param {Facts} facts
 * @param {(action: Action) => number} send sends a message and returns its number
 */
export function createStore(facts, send) {
  let serverOffset = (facts.as_of ?? Date.now()) - Date.now();
  let kernelOffset = 0;
  let acknowledged = false;

  const store = {
    facts,
    /** Whether a kernel has this widget. */
    live: true,
    /** Text about the delay while the kernel does not respond. */
    waiting: "",
    /** The action whose confirmation is open. @type {"" | "cancel" | "delete"} */
    asking: "",
    /** Whether this page shows a desktop notification at the end. */
    desktop: false,
    /** Whether the details are shown. */
    open: false,
    /** The button that has the focus, to give it back to the next view. */
    focus: "",
    /**
     * Clicks by button, until their effect is visible; `at` and `done` are when one was sent and acknowledged.
     * @type {Record<string, {seq: number, at: number, done?: number}>}
     */
    sent: {},
    /** @type {Set<{draw(): void, node: HTMLElement}>} */
    views: new Set(),

    draw() {
      for (const view of store.views) view.draw();
    },

    /** @param {Partial<{asking: "" | "cancel" | "delete", open: boolean}>} change */
    set(change) {
      Object.assign(store, change);
      store.draw();
    },

    /** @param {{live: boolean, waiting?: string}} connection */
    setConnection({ live, waiting = "" }) {
      Object.assign(store, { live, waiting });
      // Clicks that no kernel acknowledged are lost, and must not block the buttons of the next one.
      if (!live) store.sent = {};
      store.draw();
    },

    /** Whether the kernel keeps the facts up to date. */
    isFollowed: () =>
      store.live &&
      !store.facts.deleted &&
      !/gone|refused|stopped/.test(store.facts.error_kind ?? ""),

    /** Now on the server's clock, or the time of the facts if they are no longer kept up to date. */
    now: () => (!store.isFollowed() && store.facts.as_of) || Date.now() + serverOffset,

    /** Converts a time of the kernel's clock to this page's clock. */
    toLocalTime: (ms = 0) => ms - kernelOffset,

    /** Sends an action, unless the button's last one is still pending. @param {Action} action */
    sendAction(action) {
      const button = action === "stop" ? "wait" : action;
      if (store.sent[button]) return;
      if (button === "wait") store.setDesktop(action === "wait");
      const seq = send(action);
      // Sending has shown that the kernel is gone.
      if (store.live) store.sent[button] = { at: Date.now(), seq };
      store.draw();
    },

    /** Switches the desktop notification; asks for the permission if that is open. @param {boolean} on */
    setDesktop(on) {
      store.desktop = on && "Notification" in self && Notification.permission !== "denied";
      if (store.desktop && Notification.permission === "default") {
        Promise.resolve(Notification.requestPermission()).then((permission) => {
          store.desktop &&= permission !== "denied";
          store.draw();
        });
      }
      store.draw();
    },

    /** @param {import("../shared/protocol.js").Ack} ack */
    acknowledge({ ack, kernel, server }) {
      const now = Date.now();
      if (!acknowledged || Math.abs(server - now - serverOffset) > MIN_CLOCK_STEP_MS)
        serverOffset = server - now;
      kernelOffset = kernel - now;
      acknowledged = true;
      for (const click of Object.values(store.sent)) if (click.seq === ack) click.done = now;
      store.draw();
    },

    /** @param {Facts} next */
    update(next) {
      if (!acknowledged && next.as_of) serverOffset = next.as_of - Date.now();
      if (store.desktop && next.resolved) showNotification(next);
      if (next.resolved || (store.facts.waiting && !next.waiting)) store.desktop = false;
      store.facts = next;
      store.removeDone(0);
      store.draw();
    },

    /** Removes the clicks that were acknowledged at least `ms` ago. @param {number} ms */
    removeDone(ms) {
      for (const [button, { done }] of Object.entries(store.sent)) {
        if (done && elapsedMs(done) >= ms) delete store.sent[button];
      }
    },

    /** Draws the visible views; called once a second. Returns whether there are any. */
    tick() {
      store.removeDone(2000);
      const visible = visibleOf(store.views);
      for (const view of visible) view.draw();
      return visible.length > 0;
    },
  };
  return store;
}

/** Shows a notification of the browser. @param {Facts} facts */
function showNotification({ id, description = id, state, message }) {
  if (Notification.permission === "granted") {
    try {
      new Notification(cut(describe(state)[0] + ": " + description, 300), {
        body: message && cut(message),
        tag: "tamr" + id,
      });
    } catch {
      // Chrome on Android permits notifications, but allows only a service worker to show them.
    }
  }
}
