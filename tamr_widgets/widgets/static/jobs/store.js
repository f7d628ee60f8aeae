/** State of a server's jobs in a page, shared by all its views. */

import { createStore } from "../operation/store.js";
import { visibleOf } from "../shared/dom.js";
import { createBulkAction } from "./bulk/action.js";
import { COLUMNS, DESCRIPTION, queueFacts } from "./table/columns.js";
import { createRows } from "./table/rows.js";
import { createSelection } from "./table/selection.js";

/** @typedef {import("./table/indexed-row.js").Row} Row */
/** @typedef {ReturnType<typeof createJobs>} Jobs */

/** Minimum pause between two drawings, as a multiple of the time that the first one took. */
const MIN_PAUSE_FACTOR = 4;

/**
 * @param {import("../shared/protocol.js").Traits} traits the initial values
 * @param {(action: string, more?: object) => number} send sends a message and returns its number
 * @param {(name: "search" | "filter_state" | "_selected" | "_table_state", value: any) => void} save
 */
export function createJobs(traits, send, save) {
  let serverOffset = 0;
  let kernelOffset = 0;
  /** The latest known time of the server's clock. */
  let lastServerTime = NaN;
  /** Time and duration of the last drawing in milliseconds, and the timer of the next one. */
  let [drawnAt, drawDuration, drawTimer] = [0, 0, 0];
  const { column = "created", descending = true, opened: openedBefore = [] } = traits._table_state;
  /** Rows to open when they are there. */
  const toOpen = [...openedBefore];
  const rows = createRows();
  const selection = createSelection(traits._selected);
  const saveSelection = () => save("_selected", selection.keys);

  const jobs = {
    rows,
    status: traits._status,
    /** Whether a kernel has this widget. */
    live: true,
    /** Text about the delay while the kernel does not respond. */
    waiting: "",
    filter: {
      search: traits.search,
      state: traits.filter_state,
      kind: /** @type {import("./table/rows.js").Kind | null} */ (null),
      column,
      descending,
    },
    /** Incremented when the filter or the order changes, so that views scroll to the top. */
    generation: 0,
    selection,
    /** Stores of the opened rows' panels, by key. @type {Map<string, import("../operation/store.js").Store>} */
    opened: new Map(),
    /** The cell that has the focus, or gets it with the table's; the header's row has no key. */
    active: { key: "", header: false, column: DESCRIPTION, index: 0 },
    /** Part of a view that has the focus, to restore it in the next view. */
    focus: "",
    scroll: 0,
    bulk: createBulkAction(rows, selection, send, () => jobs.draw(), saveSelection),
    /** A click on Try again that the kernel has not acknowledged. @type {{seq: number, at: number} | null} */
    retry: null,
    timeline: { open: true, span: "", from: 0, to: 0 },
    /** Latest text for screen readers. */
    announcement: "",
    /** @type {Set<{draw(): void, tick(): void, node: HTMLElement}>} */
    views: new Set(),

    /** Requests to fetch the list again, unless a request is not acknowledged yet. */
    tryAgain() {
      if (!jobs.retry) {
        const seq = send("wait");
        // Sending has shown that the kernel is gone.
        if (jobs.live) jobs.retry = { seq, at: Date.now() };
      }
      jobs.draw();
    },

    /** Whether the list has all jobs, or there are none. */
    get complete() {
      return !rows.filling || (jobs.status.total === 0 && !rows.size);
    },
    /** Whether the first rows are still to come. */
    get loading() {
      return jobs.live && !rows.size && !jobs.complete && !jobs.status.error;
    },

    draw() {
      const began = performance.now();
      clearTimeout(drawTimer);
      drawTimer = 0;
      rows.arrange(jobs.filter, jobs.now());
      const { active } = jobs;
      const row = rows.get(active.key);
      if (row && row.index >= 0) active.index = row.index;
      else active.key = rows.matching[Math.min(active.index, rows.matching.length - 1)]?.key ?? "";
      for (const view of jobs.views) view.draw();
      drawnAt = performance.now();
      drawDuration = drawnAt - began;
    },

    /** Draws now, or later if drawing would take much of the page's time. */
    drawSoon() {
      if (performance.now() - drawnAt >= MIN_PAUSE_FACTOR * drawDuration) jobs.draw();
      else drawTimer ||= setTimeout(jobs.draw, MIN_PAUSE_FACTOR * drawDuration);
    },

    close: () => clearTimeout(drawTimer),

    /** Now on the server's clock; without a kernel, its latest known time. */
    now: () => (jobs.live ? (lastServerTime = Date.now() + serverOffset) : lastServerTime),

    /** Converts a time of the kernel's clock to this page's clock. */
    toLocalTime: (ms = 0) => ms - kernelOffset,

    /** @param {import("../shared/protocol.js").RowsMessage} message */
    applyRows(message) {
      const { opened } = jobs;
      rows.apply(message);
      if (!rows.filling) {
        const before = selection.size;
        selection.keep(rows.has);
        if (selection.size !== before) saveSelection();
        for (const key of opened.keys()) if (!rows.has(key)) jobs.toggle(key);
        for (const key of toOpen.splice(0)) if (!opened.has(key)) jobs.toggle(key);
      }
      jobs.drawSoon();
    },

    /** @param {boolean} live @param {string} waiting */
    setConnection(live, waiting) {
      Object.assign(jobs, { live, waiting });
      if (!live) {
        jobs.retry = null;
        jobs.bulk.disconnect();
      }
      for (const store of opened()) store.setConnection({ live });
      jobs.draw();
    },

    /** @param {import("../shared/protocol.js").Ack} ack */
    acknowledge(ack) {
      serverOffset = ack.server - Date.now();
      kernelOffset = ack.kernel - Date.now();
      jobs.bulk.acknowledge(ack.ack);
      if (jobs.retry?.seq === ack.ack) jobs.retry = null;
      for (const store of opened()) store.acknowledge(ack);
      jobs.draw();
    },

    /** @param {Partial<import("./table/rows.js").Filter>} change */
    show(change) {
      Object.assign(jobs.filter, change);
      jobs.generation++;
      if (change.search !== undefined) save("search", change.search);
      if (change.state !== undefined) save("filter_state", change.state);
      jobs.draw();
    },

    /** Shows the runs of a row's kind alone. @param {string} key */
    showRuns(key) {
      const row = rows.get(key);
      if (row) jobs.show({ kind: rows.kindOf(row), search: "", state: "" });
      jobs.announce(rows.matching.length.toLocaleString() + " found");
    },

    /** Shows the jobs that failed like a row alone. @param {string} key */
    showAlike(key) {
      const row = rows.get(key);
      if (row?.failure)
        jobs.show({
          kind: { ...rows.kindOf(row), description: row.reason, failure: row.failure },
          search: "",
          state: "",
        });
      jobs.announce(rows.matching.length.toLocaleString() + " found");
    },

    /** Sorts by a column, or reverses its order if it is the one sorted by. @param {number} index */
    sort(index) {
      const { name, down = false } = COLUMNS[index];
      const { column, descending } = jobs.filter;
      jobs.show({ column: name, descending: column === name ? !descending : down });
      saveView();
    },

    /** @param {(selection: ReturnType<typeof createSelection>) => void} change */
    select(change) {
      change(selection);
      saveSelection();
      jobs.draw();
    },

    /** Opens or closes a row. @param {string} key */
    toggle(key) {
      if (jobs.opened.delete(key)) {
        saveView();
        send("collapse", { id: key });
        return jobs.draw();
      }
      const row = rows.get(key);
      if (!row) return;
      const store = createStore(factsOf(row, jobs), (action) => send(action, { id: key }));
      store.live = jobs.live;
      jobs.opened.set(key, store);
      saveView();
      send("expand", { id: key });
      jobs.draw();
    },

    /** @param {string} key @param {import("../shared/protocol.js").Facts} facts */
    updatePanel: (key, facts) => jobs.opened.get(key)?.update(facts),

    /** @param {string} text for screen readers */
    announce(text) {
      jobs.announcement = text;
    },

    /** Draws the times in the visible views; called once a second. Returns whether there are any. */
    tick() {
      const visible = visibleOf(jobs.views);
      for (const view of visible) view.tick();
      for (const store of opened()) store.tick();
      if (rows.hasNewSlow(jobs.now())) jobs.drawSoon();
      return visible.length > 0;
    },
  };

  const opened = () => jobs.opened.values();
  const saveView = () => {
    const { column, descending } = jobs.filter;
    save("_table_state", { column, descending, opened: [...jobs.opened.keys(), ...toOpen] });
  };
  return jobs;
}

/** Facts of a row, for its panel until the kernel sends more. @param {Row} row @param {Jobs} jobs */
function factsOf(row, { rows, now }) {
  const { key, type, description, state, resolved, user, created, started, ended } = row;
  return {
    ...(resolved ? {} : queueFacts(row, rows.get)),
    id: key,
    type,
    description,
    resolved,
    state: state ?? undefined,
    created_by: user,
    created_at: created ?? undefined,
    started_at: started ?? undefined,
    ended_at: ended ?? undefined,
    as_of: now() || undefined,
  };
}
