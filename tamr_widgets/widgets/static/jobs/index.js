/** JobsWidget's entry point: connects a store and its pages to anywidget's model. */

import { connect } from "../shared/channel.js";
import { createJobs } from "./store.js";
import { createPage } from "./page.js";
import { insertStyles } from "../shared/styles.js";

/** @typedef {import("@anywidget/types").AnyModel<import("../shared/protocol.js").Traits>} Model */

/** Number of the newest rows that are kept in a saved notebook. */
const MAX_KEPT_ROWS = 200;
/** Delay after the last change before the filters, the order and the selection are saved to the kernel, in milliseconds. */
const SAVE_DELAY_MS = 300;

/** Creates one widget; its store and connection are shared by its views and outlive them. */
export default () => {
  /** @type {import("./store.js").Jobs} */
  let jobs;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      connection = connect(model, ({ live, waiting }) => {
        if (!live && !jobs.rows.size) jobs.rows.apply({ jobs: model.get("_kept") ?? [] });
        jobs.setConnection(live, waiting);
      });
      const { send, markAlive, check } = connection;
      let saveTimer = 0;
      let keepTimer = 0;

      /** @param {keyof import("../shared/protocol.js").Traits} name @param {any} value */
      const save = (name, value) => {
        model.set(name, value);
        clearTimeout(saveTimer);
        saveTimer = setTimeout(() => model.save_changes(), SAVE_DELAY_MS);
      };
      jobs = createJobs({
        _status: model.get("_status"), _kept: [], _selected: model.get("_selected") ?? [],
        _view: model.get("_view") ?? {}, search: model.get("search") ?? "", filter_state: model.get("filter_state") ?? "",
      }, send, save);

      // Changed in place: model.set() would send the rows to the kernel, where they came from.
      const keep = () => {
        clearTimeout(keepTimer);
        keepTimer = setTimeout(() => model.get("_kept")?.splice(0, MAX_KEPT_ROWS, ...jobs.rows.newest(MAX_KEPT_ROWS)), SAVE_DELAY_MS);
      };
      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_status": () => {
          markAlive();
          jobs.status = model.get("_status");
          jobs.draw();
        },
        "change:search": () => model.get("search") !== jobs.filter.search && jobs.show({ search: model.get("search") }),
        "change:filter_state": () => model.get("filter_state") !== jobs.filter.state && jobs.show({ state: model.get("filter_state") }),
        "msg:custom": (message) => {
          markAlive(message?.ack);
          if (message?.ack) jobs.acknowledge(message);
          else if (message?.rows) {
            jobs.applyRows(message.rows);
            keep();
          } else if (message?.panel) jobs.updatePanel(message.panel, message.facts);
          else if (message?.report) jobs.updateReport(message.report);
        },
        // The event does not say whether the comm is alive, an acknowledged message does.
        "comm_live_update": () => {
          send("subscribe");
          for (const id of jobs.opened.keys()) send("expand", { id });
        },
      };
      for (const name in listeners) model.on(name, listeners[name]);

      send("subscribe");
      // The kernel may not know yet through which subshell to respond to the first message of a page.
      const retryTimer = setTimeout(() => send("subscribe", jobs.rows.filling ? {} : { again: true }), 1500);
      const timer = setInterval(() => check(jobs.tick()), 1000);

      return () => {
        for (const each of [retryTimer, saveTimer, keepTimer]) clearTimeout(each);
        clearInterval(timer);
        connection.close();
        jobs.close();
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ el }) {
      // JupyterLab gives this class to a view of a saved model that no kernel has.
      if (el.matches(".jupyter-widgets-disconnected")) connection.markLost();
      const page = createPage(jobs);
      insertStyles(el);
      el.append(page.node);
      const frame = requestAnimationFrame(page.refocus);
      return () => {
        cancelAnimationFrame(frame);
        page.destroy();
        page.node.remove();
      };
    },
  };
};
