/** OperationWidget's entry point: connects a store and its panels to anywidget's model. */

import { connect } from "../shared/channel.js";
import { createPanel } from "./panel.js";
import { createStore } from "./store.js";
import { reportValues } from "../shared/values.js";
import { insertStyles } from "../shared/styles.js";

/** @typedef {import("@anywidget/types").AnyModel<{_panel: import("../shared/protocol.js").Facts}>} Model */

/** Creates one widget; its store and connection are shared by its views and outlive them. */
export default () => {
  /** @type {import("./store.js").Store} */
  let store;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      connection = connect(model, (change) => store.set(change));
      const { send, markAlive, check } = connection;
      store = createStore(model.get("_panel"), send);

      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_panel": () => {
          markAlive();
          store.update(model.get("_panel"));
        },
        "msg:custom": (message) => {
          markAlive(message?.ack);
          if (message?.ack) store.acknowledge(message);
        },
        // The event does not say whether the comm is alive, an acknowledged message does.
        "comm_live_update": () => send("subscribe"),
      };
      reportValues(model, ["state", "resolved", "progress"], listeners);
      for (const name in listeners) model.on(name, listeners[name]);

      send("subscribe");
      // The kernel may not know yet through which subshell to respond to the first message of a page.
      const retryTimer = setTimeout(send, 1500, "subscribe");
      const timer = setInterval(() => check(store.tick()), 1000);

      return () => {
        clearTimeout(retryTimer);
        clearInterval(timer);
        connection.close();
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ el }) {
      // JupyterLab gives this class to a view of a saved model that no kernel has.
      if (el.matches(".jupyter-widgets-disconnected")) connection.markLost();
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
