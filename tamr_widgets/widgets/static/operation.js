/** OperationWidget: the one file that knows of anywidget's model. */

import { createPanel } from "./panel.js";
import { createStore } from "./store.js";
import { insertStyles } from "./styles.js";

/** @typedef {import("@anywidget/types").AnyModel<{_panel: import("./wire.js").Facts}>} Model */
/** @typedef {import("./wire.js").Message["do"]} Do */

/** Messages of this page so far. */
let count = 0;

/** Seconds for which an idle kernel may leave a message without an answer. */
const PATIENCE = 5;

/** One widget; what initialize makes is shared by its views and outlives them. */
export default () => {
  /** @type {import("./store.js").Store} */
  let store;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      /** The last message that was answered. */
      let answered = 0;
      let unanswered = 0;
      let last = 0;
      let seen = Date.now();

      /** @param {Do} action */
      const send = (action) => {
        last = ++count;
        try {
          model.send({ do: action, n: last });
        } catch {
          // JupyterLab: the kernel that this model belongs to is gone.
          store?.set({ live: false });
        }
        return last;
      };
      store = createStore(model.get("_panel"), send);

      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_panel": () => store.update(model.get("_panel")),
        "msg:custom": (message) => {
          if (!message?.ack) return;
          answered = message.ack;
          store.acknowledge(message);
        },
        // The front end says that the connection changed, but not how: ask.
        "comm_live_update": () => send("hello"),
      };
      for (const name in listeners) model.on(name, listeners[name]);

      send("hello");
      // The first message of a page does not say yet which part of the kernel should answer.
      const again = setTimeout(send, 1500, "hello");
      const timer = setInterval(() => {
        const kernel = /** @type {any} */ (model.widget_manager)?.kernel;
        unanswered = answered < last && kernel?.status === "idle" ? unanswered + 1 : 0;
        if (kernel === null || kernel?.status === "dead" || unanswered > PATIENCE) store.live = false;
        if (store.tick() && store.live && Date.now() - seen >= 60000) {
          seen = Date.now();
          send("seen");
        }
      }, 1000);

      return () => {
        clearTimeout(again);
        clearInterval(timer);
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ el }) {
      // So JupyterLab marks a view of a saved model that no kernel knows of.
      if (el.matches(".jupyter-widgets-disconnected")) store.set({ live: false });
      const panel = createPanel(store);
      insertStyles(el);
      el.append(panel.node);
      const frame = requestAnimationFrame(panel.refocus);
      return () => {
        cancelAnimationFrame(frame);
        panel.destroy();
        panel.node.remove();
      };
    },
  };
};
