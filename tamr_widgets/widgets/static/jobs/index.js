/** JobsWidget's entry point. */

import { defineWidget } from "../shared/entry.js";
import { createPage } from "./page.js";
import { createJobs } from "./store.js";

/** Number of the newest rows that are kept in a saved notebook. */
const MAX_KEPT_ROWS = 200;
/** Delay after the last change before the filters, the order and the selection are saved to the kernel, in milliseconds. */
const SAVE_DELAY_MS = 300;

export default defineWidget((model, send) => {
  let saveTimer = 0;
  let keepTimer = 0;

  /** @param {keyof import("../shared/protocol.js").Traits} name @param {any} value */
  const save = (name, value) => {
    model.set(name, value);
    clearTimeout(saveTimer);
    saveTimer = setTimeout(() => model.save_changes(), SAVE_DELAY_MS);
  };
  const jobs = createJobs(
    {
      _status: model.get("_status"),
      _kept: [],
      _selected: model.get("_selected") ?? [],
      _table_state: model.get("_table_state") ?? {},
      search: model.get("search") ?? "",
      filter_state: model.get("filter_state") ?? "",
    },
    send,
    save,
  );

  // Changed in place: model.set() would send the rows to the kernel, where they came from.
  const keep = () => {
    clearTimeout(keepTimer);
    keepTimer = setTimeout(
      () => model.get("_kept")?.splice(0, MAX_KEPT_ROWS, ...jobs.rows.newest(MAX_KEPT_ROWS)),
      SAVE_DELAY_MS,
    );
  };

  return {
    trait: "_status",
    update(status) {
      jobs.status = status;
      jobs.draw();
    },
    setConnection({ live, waiting }) {
      if (!live && !jobs.rows.size) jobs.rows.apply({ jobs: model.get("_kept") ?? [] });
      jobs.setConnection(live, waiting);
    },
    acknowledge: jobs.acknowledge,
    tick: jobs.tick,
    createView: () => createPage(jobs),
    receive({ rows, panel, facts, report, collapsed }) {
      if (rows) {
        jobs.applyRows(rows);
        keep();
      } else if (panel) jobs.updatePanel(panel, facts);
      else if (report) jobs.bulk.updateReport(report);
      // Another page of this widget has closed a row that is open here.
      else if (jobs.opened.has(collapsed)) send("expand", { id: collapsed });
    },
    reopen() {
      for (const id of jobs.opened.keys()) send("expand", { id });
    },
    subscribeAgain: () => send("subscribe", jobs.rows.filling ? {} : { again: true }),
    listeners: {
      "change:search": () =>
        model.get("search") !== jobs.filter.search && jobs.show({ search: model.get("search") }),
      "change:filter_state": () =>
        model.get("filter_state") !== jobs.filter.state &&
        jobs.show({ state: model.get("filter_state") }),
    },
    close() {
      clearTimeout(saveTimer);
      clearTimeout(keepTimer);
      jobs.close();
    },
  };
});
