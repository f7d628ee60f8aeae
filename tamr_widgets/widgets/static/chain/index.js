/** ChainWidget's entry point: connects a store and its views to anywidget's model. */

import { connect } from "../shared/channel.js";
import { createChain } from "./store.js";
import { createChainView } from "./view.js";
import { reportValues } from "../shared/values.js";
import { insertStyles } from "../shared/styles.js";

/** @typedef {import("@anywidget/types").AnyModel<{_chain: import("../shared/protocol.js").ChainFacts}>} Model */

/** Creates one widget; its store and connection are shared by its views and outlive them. */
export default () => {
  /** @type {import("./store.js").ChainStore} */
  let chain;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      connection = connect(model, (change) => chain.setConnection(change));
      const { send, markAlive, check } = connection;
      chain = createChain(model.get("_chain"), send);

      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_chain": () => {
          markAlive();
          chain.update(model.get("_chain"));
        },
        "msg:custom": (message) => {
          markAlive(message?.ack);
          if (message?.ack) chain.acknowledge(message);
          else if (message?.panel) chain.updatePanel(message.panel, message.facts);
        },
        // The event does not say whether the comm is alive, an acknowledged message does.
        "comm_live_update": () => {
          send("subscribe");
          if (chain.opened) send("expand", { id: chain.opened.name });
        },
      };
      reportValues(model, ["state"], listeners);
      for (const name in listeners) model.on(name, listeners[name]);

      send("subscribe");
      // The kernel may not know yet through which subshell to respond to the first message of a page.
      const retryTimer = setTimeout(send, 1500, "subscribe");
      const timer = setInterval(() => check(chain.tick()), 1000);

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
      const view = createChainView(chain);
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
