/** State of a chain in a page, shared by all its views: facts, clock offset, clicks and the open step. */

import { createStore } from "../operation/store.js";
import { visibleOf } from "../shared/dom.js";
import { elapsedMs } from "../shared/format.js";

/** @typedef {import("../shared/protocol.js").ChainFacts} ChainFacts */
/** @typedef {import("../shared/protocol.js").StepFacts} StepFacts */
/** @typedef {"start" | "stop" | "cancel" | "resume"} ChainAction */
/** @typedef {ReturnType<typeof createChain>} ChainStore */

/**
 * @param {ChainFacts} facts
 * @param {(action: string, more?: object) => number} send sends a message and returns its number
 */
export function createChain(facts, send) {
  let serverOffset = (facts.as_of ?? Date.now()) - Date.now();
  let acknowledged = false;

  const chain = {
    facts,
    /** Whether a kernel has this widget. */
    live: true,
    /** Text about the delay while the kernel does not respond. */
    waiting: "",
    /** The action whose confirmation is open. @type {"" | ChainAction} */
    asking: "",
    /** The action that was sent and has had no effect yet. @type {{action: ChainAction, at: number, seq: number, done?: number} | null} */
    sent: null,
    /** The name of the step whose panel is open, and the store of that. @type {{name: string, store: import("../operation/store.js").Store} | null} */
    opened: null,
    /** The button that has the focus, to give it back to the next view. */
    focus: "",
    /** @type {Set<{draw(): void, node: HTMLElement}>} */
    views: new Set(),

    draw() {
      for (const view of chain.views) view.draw();
    },

    /** Now on the server's clock, or the time of the facts without a kernel. */
    now: () => (chain.live ? Date.now() + serverOffset : (chain.facts.as_of ?? Date.now())),

    /** @param {"" | ChainAction} asking */
    ask(asking) {
      chain.asking = asking;
      chain.draw();
    },

    /** @param {ChainAction} action */
    sendAction(action) {
      chain.asking = "";
      if (!chain.sent) {
        const seq = send(action);
        // Sending has shown that the kernel is gone.
        if (chain.live) chain.sent = { action, at: Date.now(), seq };
      }
      chain.draw();
    },

    /** Opens the panel of a step, or closes it. @param {StepFacts} step */
    toggle({ name, ...step }) {
      const isOpen = chain.opened?.name === name;
      if (chain.opened) send("collapse", { id: chain.opened.name });
      chain.opened = null;
      if (!isOpen && step.id) {
        const resolved = /SUCCEEDED|FAILED|CANCELED/.test(step.state);
        const known = {
          ...step,
          id: step.id,
          resolved,
          as_of: chain.now(),
          estimate: step.estimate,
          queue: step.queue,
        };
        const store = createStore(known, (action) => send(action, { id: name }));
        store.live = chain.live;
        chain.opened = { name, store };
        send("expand", { id: name });
      }
      chain.draw();
    },

    /** @param {string} name @param {import("../shared/protocol.js").Facts} panel */
    updatePanel(name, panel) {
      if (chain.opened?.name === name) chain.opened.store.update(panel);
    },

    /** @param {{live: boolean, waiting: string}} connection */
    setConnection({ live, waiting }) {
      Object.assign(chain, { live, waiting });
      // Without a kernel nothing can be confirmed, and what it has not acknowledged is lost.
      if (!live) Object.assign(chain, { asking: "", sent: null });
      chain.opened?.store.setConnection({ live });
      chain.draw();
    },

    /** @param {import("../shared/protocol.js").Ack} ack */
    acknowledge(ack) {
      if (!acknowledged || Math.abs(ack.server - Date.now() - serverOffset) > 1500)
        serverOffset = ack.server - Date.now();
      acknowledged = true;
      if (chain.sent?.seq === ack.ack) chain.sent.done = Date.now();
      chain.opened?.store.acknowledge(ack);
      chain.draw();
    },

    /** @param {ChainFacts} next */
    update(next) {
      chain.facts = next;
      if (chain.sent?.done) chain.sent = null;
      chain.draw();
    },

    /** Draws the visible views; called once a second. Returns whether there are any. */
    tick() {
      if (chain.sent?.done && elapsedMs(chain.sent.done) >= 2000) chain.sent = null;
      const visible = visibleOf(chain.views);
      for (const view of visible) view.draw();
      chain.opened?.store.tick();
      return visible.length > 0;
    },
  };
  return chain;
}
