/** JobsWidget: the one file of its own that knows of anywidget's model. */

import { connect } from "../shared/channel.js";
import { createJobs } from "./store.js";
import { createPage } from "./page.js";
import { insertStyles } from "../shared/styles.js";

/** @typedef {import("@anywidget/types").AnyModel<import("../shared/jobs-protocol.js").Traits>} Model */

/** How many of the newest rows a saved notebook keeps. */
const KEPT = 200;
/** What is typed or chosen is told to the kernel after a rest, in milliseconds. */
const REST = 300;

/** One widget; what initialize makes is shared by its views and outlives them. */
export default () => {
  /** @type {import("./store.js").Jobs} */
  let jobs;
  /** @type {ReturnType<typeof connect>} */
  let connection;

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      connection = connect(model, ({ live, waiting }) => {
        if (!live && !jobs.rows.size) jobs.rows.take({ jobs: model.get("_kept") ?? [] });
        jobs.setConnection(live, waiting);
      });
      const { send, heard, check } = connection;
      let rest = 0;
      let keeping = 0;

      /** @param {keyof import("../shared/jobs-protocol.js").Traits} name @param {any} value */
      const save = (name, value) => {
        model.set(name, value);
        clearTimeout(rest);
        rest = setTimeout(() => model.save_changes(), REST);
      };
      jobs = createJobs({
        _status: model.get("_status"), _kept: [], _selected: model.get("_selected") ?? [],
        search: model.get("search") ?? "", filter_state: model.get("filter_state") ?? "",
      }, send, save);

      // Changed in place: what is set is sent to the kernel with the next change, which knows it all.
      const keep = () => {
        clearTimeout(keeping);
        keeping = setTimeout(() => model.get("_kept")?.splice(0, KEPT, ...jobs.rows.newest(KEPT)), REST);
      };
      /** @type {Record<string, (...args: any[]) => void>} */
      const listeners = {
        "change:_status": () => {
          heard();
          jobs.status = model.get("_status");
          jobs.draw();
        },
        "change:search": () => model.get("search") !== jobs.filter.search && jobs.show({ search: model.get("search") }),
        "change:filter_state": () => model.get("filter_state") !== jobs.filter.state && jobs.show({ state: model.get("filter_state") }),
        "msg:custom": (message) => {
          heard(message?.ack);
          if (message?.ack) jobs.acknowledge(message);
          else if (message?.rows) {
            jobs.take(message.rows);
            keep();
          } else if (message?.panel) jobs.learn(message.panel, message.facts);
          else if (message?.report) jobs.report(message.report);
        },
        // The front end says that the connection changed, but not how: ask.
        "comm_live_update": () => {
          send("hello");
          for (const id of jobs.opened.keys()) send("open", { id });
        },
      };
      for (const name in listeners) model.on(name, listeners[name]);

      send("hello");
      // The first message of a page does not say yet which part of the kernel should answer.
      const again = setTimeout(() => send("hello", jobs.rows.filling ? {} : { again: true }), 1500);
      const timer = setInterval(() => check(jobs.tick()), 1000);

      return () => {
        for (const each of [again, rest, keeping]) clearTimeout(each);
        clearInterval(timer);
        connection.close();
        jobs.close();
        for (const name in listeners) model.off(name, listeners[name]);
      };
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ el }) {
      // So JupyterLab marks a view of a saved model that no kernel knows of.
      if (el.matches(".jupyter-widgets-disconnected")) connection.lose();
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
