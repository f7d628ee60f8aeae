/** OperationWidget: the one file that knows of anywidget's model. */

import { connect } from "../shared/channel.js";
import { createPanel } from "./panel.js";
import { createStore } from "./store.js";
import { insertStyles } from "../shared/styles.js";

/** @typedef {import("@anywidget/types").AnyModel<{_panel: import("../shared/protocol.js").Facts}>} Model */
/** One widget; what initialize makes is shared by its views and outlives them. */
export default () => {
  /** @type {import("./store.js").Store} */
  let store;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      connection = connect(model, (change) => store.set(change));
      const { send, heard, check } = connection;
      store = createStore(model.get("_panel"), send);

      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_panel": () => {
          heard();
          store.update(model.get("_panel"));
        },
        "msg:custom": (message) => {
          heard(message?.ack);
          if (message?.ack) store.acknowledge(message);
        },
        // The front end says that the connection changed, but not how: ask.
        "comm_live_update": () => send("hello"),
      };
      for (const name in listeners) model.on(name, listeners[name]);

      send("hello");
      // The first message of a page does not say yet which part of the kernel should answer.
      const again = setTimeout(send, 1500, "hello");
      const timer = setInterval(() => check(store.tick()), 1000);

      return () => {
        clearTimeout(again);
        clearInterval(timer);
        connection.close();
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ el }) {
      // So JupyterLab marks a view of a saved model that no kernel knows of.
      if (el.matches(".jupyter-widgets-disconnected")) connection.lose();
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
