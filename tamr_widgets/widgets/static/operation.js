/** OperationWidget: the one file that knows of anywidget's model. */

import { createPanel } from "./panel.js";
import { createStore } from "./store.js";
import { insertStyles } from "./styles.js";

/** @typedef {import("./store.js").Store} Store */

/**
 * As much as is used here of what anywidget hands over.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(content: object, callbacks?: object) => void} send
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback: (...args: any[]) => void) => void} off
 * @property {{kernel?: {status?: string} | null}} [widget_manager]
 */

let messages = 0;

/** One widget: what initialize makes is shared by its views and outlives them. */
export default () => {
  /** @type {Store} */
  let store;
  /** @type {(action: import("./wire.js").Message["do"]) => number} */
  let send;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      let acknowledged = 0;
      send = (action) => {
        const n = ++messages;
        /** The kernel has dealt with the message, but nobody there has answered: it was restarted. */
        const status = (/** @type {any} */ { content }) => {
          if (content.execution_state === "idle") setTimeout(() => {
            if (acknowledged < n) {
              store.live = false;
              store.draw();
            }
          }, 1000);
        };
        model.send({ do: action, n }, { iopub: { status } });
        return n;
      };
      store = createStore(model.get("_panel"), send);

      const onPanel = () => store.update(model.get("_panel"));
      const onMessage = (/** @type {import("./wire.js").Ack} */ message) => {
        if (!message?.ack) return;
        acknowledged = Math.max(acknowledged, message.ack);
        store.acknowledge(message);
      };
      model.on("change:_panel", onPanel);
      model.on("msg:custom", onMessage);
      send("hello");
      // The first message of a page does not say yet which part of the kernel should answer.
      const again = setTimeout(send, 1500, "hello");

      return () => {
        clearTimeout(again);
        model.off("change:_panel", onPanel);
        model.off("msg:custom", onMessage);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ model, el }) {
      const panel = createPanel(store);
      insertStyles(el);
      el.append(panel.node);

      /** No kernel, a dead one, or a widget that is not there any more. */
      const check = () => {
        const kernel = model.widget_manager?.kernel;
        if (kernel === null || el.closest(".jupyter-widgets-disconnected")
          || /dead|terminating/.test(kernel?.status ?? "")) store.live = false;
      };
      let seen = Date.now();
      const tick = setInterval(() => {
        if (document.hidden || !panel.node.offsetParent) return;
        check();
        store.settle(2000);
        panel.draw();
        if (store.live && Date.now() - seen >= 60000) {
          seen = Date.now();
          send("seen");
        }
      }, 1000);

      return () => {
        clearInterval(tick);
        panel.destroy();
        panel.node.remove();
      };
    },
  };
};
