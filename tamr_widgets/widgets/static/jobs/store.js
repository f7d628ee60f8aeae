/** What a page knows of a server's jobs, whatever number of views draw it. */

import { createRows } from "./table/rows.js";
import { createSelection } from "./table/selection.js";
import { createStore } from "../operation/store.js";
import { COLUMNS, DESCRIPTION } from "./table/columns.js";

/** @typedef {import("./table/rows.js").Row} Row */
/** @typedef {ReturnType<typeof createJobs>} Jobs */
/** @typedef {{action: "cancel" | "delete", ids: string[], asking: boolean, n: number, at: number,
 *   heard: boolean, report?: import("../shared/jobs-protocol.js").Report}} Bulk */

/** After a drawing the page rests for so many times what it cost. */
const CALM = 4;

/**
 * @param {import("../shared/jobs-protocol.js").Traits} traits as they are at the beginning
 * @param {(action: string, more?: object) => number} send posts a message and returns its number
 * @param {(name: "search" | "filter_state" | "_selected", value: string | string[]) => void} save
 */
export function createJobs(traits, send, save) {
  let skew = 0;
  let kernelSkew = 0;
  /** The server's clock when it was last known. */
  let last = NaN;
  /** When it was drawn, and what that cost, in milliseconds; and when changes wait for it, a timer. */
  let [drawn, cost, later] = [0, 0, 0];

  const jobs = {
    rows: createRows(),
    status: traits._status,
    /** Whether a kernel is there that knows of these jobs. */
    live: true,
    /** What the page waits for while the kernel is silent, in words. */
    waiting: "",
    filter: { search: traits.search, state: traits.filter_state, column: "created", descending: true },
    /** Counts up when the rows that are shown are others, rather than the same ones changed. */
    turns: 0,
    selection: createSelection(traits._selected),
    /** What the opened rows show. @type {Map<string, import("../operation/store.js").Store>} */
    opened: new Map(),
    /** The cell that has, or had, or will get the focus; the header's row has no key. */
    active: { key: "", header: false, column: DESCRIPTION, index: 0 },
    /** Which part of a view has the focus, to give it back to the next view. */
    focus: "",
    scroll: 0,
    /** An action on the chosen rows: asked, sent, answered. @type {Bulk | null} */
    bulk: null,
    /** A click on Try again that the kernel has not answered. @type {{n: number, at: number} | null} */
    retry: null,
    timeline: { open: true, span: "", from: 0, to: 0 },
    /** What was said last to those who can't see it. */
    spoken: "",
    /** @type {Set<{draw(): void, tick(): void, node: HTMLElement}>} */
    views: new Set(),

    /** Asks to fetch the list again, once until the kernel has answered. */
    tryAgain() {
      jobs.retry ??= { n: send("wait"), at: Date.now() };
      jobs.draw();
    },

    /** Whether all jobs are known that there are, be it none. */
    get known() { return !jobs.rows.filling || jobs.status.total === 0 && !jobs.rows.size; },
    /** Whether the first rows are awaited. */
    get loading() { return jobs.live && !jobs.rows.size && !jobs.known && !jobs.status.fault; },

    draw() {
      const began = performance.now();
      clearTimeout(later);
      later = 0;
      jobs.rows.arrange(jobs.filter, jobs.now());
      const { active, rows } = jobs;
      const row = rows.get(active.key);
      if (row && row.index >= 0) active.index = row.index;
      else active.key = rows.matching[Math.min(active.index, rows.matching.length - 1)]?.key ?? "";
      for (const view of jobs.views) view.draw();
      drawn = performance.now();
      cost = drawn - began;
    },

    /** Draws, but leaves the page most of its time when many changes follow one another. */
    drawSoon() {
      if (performance.now() - drawn >= CALM * cost) jobs.draw();
      else later ||= setTimeout(jobs.draw, CALM * cost);
    },

    close: () => clearTimeout(later),

    /** Now on the server's clock; without a kernel, when it was last known. */
    now: () => jobs.live ? last = Date.now() + skew : last,

    /** A time of the kernel's clock on this page's clock. */
    here: (ms = 0) => ms - kernelSkew,

    /** @param {import("../shared/jobs-protocol.js").RowsMessage} message */
    take(message) {
      const { rows, selection, opened } = jobs;
      rows.take(message);
      if (!rows.filling) {
        const before = selection.size;
        selection.keep(rows.has);
        if (selection.size !== before) save("_selected", selection.keys);
        for (const key of opened.keys()) if (!rows.has(key)) jobs.toggle(key);
      }
      jobs.drawSoon();
    },

    /** @param {boolean} live @param {string} waiting */
    setConnection(live, waiting) {
      Object.assign(jobs, { live, waiting });
      if (!live) jobs.retry = null;
      for (const store of opened()) store.set({ live });
      jobs.draw();
    },

    /** @param {import("../shared/protocol.js").Ack} ack */
    acknowledge(ack) {
      skew = ack.server - Date.now();
      kernelSkew = ack.kernel - Date.now();
      if (jobs.bulk?.n === ack.ack) jobs.bulk.heard = true;
      if (jobs.retry?.n === ack.ack) jobs.retry = null;
      for (const store of opened()) store.acknowledge(ack);
      jobs.draw();
    },

    /** @param {Partial<import("./table/rows.js").Filter>} change */
    show(change) {
      Object.assign(jobs.filter, change);
      jobs.turns++;
      if (change.search !== undefined) save("search", change.search);
      if (change.state !== undefined) save("filter_state", change.state);
      jobs.draw();
    },

    /** Sorts by a column, or the other way round if it is sorted by that. @param {number} index */
    sort(index) {
      const { name, down = false } = COLUMNS[index];
      const { column, descending } = jobs.filter;
      jobs.show({ column: name, descending: column === name ? !descending : down });
    },

    /** @param {(selection: ReturnType<typeof createSelection>) => void} change */
    select(change) {
      change(jobs.selection);
      save("_selected", jobs.selection.keys);
      jobs.draw();
    },

    /** Opens or closes a row. @param {string} key */
    toggle(key) {
      if (jobs.opened.delete(key)) {
        send("shut", { id: key });
        return jobs.draw();
      }
      const row = jobs.rows.get(key);
      if (!row) return;
      const store = createStore(factsOf(row, jobs.now()), (action) => send(action, { id: key }));
      store.live = jobs.live;
      jobs.opened.set(key, store);
      send("open", { id: key });
      jobs.draw();
    },

    /** @param {string} key @param {import("../shared/protocol.js").Facts} facts */
    learn: (key, facts) => jobs.opened.get(key)?.update(facts),

    /** Asks whether to do something with the chosen rows. @param {"cancel" | "delete"} action */
    ask(action) {
      jobs.bulk = { action, ids: jobs.targets(action).map(({ key }) => key), asking: true, n: 0, at: 0, heard: false };
      jobs.draw();
    },

    /** The chosen rows with which something can be done. @param {"cancel" | "delete"} action */
    targets(action) {
      const rows = jobs.selection.keys.map(jobs.rows.get).filter((row) => row !== undefined);
      return action === "delete" ? rows : rows.filter(({ resolved, state }) => !resolved && state !== "CANCELING");
    },

    /** @param {boolean} yes */
    answer(yes) {
      const { bulk } = jobs;
      if (!bulk?.asking) return;
      if (yes) Object.assign(bulk, { asking: false, at: Date.now(), n: send(bulk.action + "_all", { ids: bulk.ids }) });
      else jobs.bulk = null;
      jobs.draw();
    },

    /** What failed stays chosen, the rest has been dealt with. @param {import("../shared/jobs-protocol.js").Report} report */
    report(report) {
      if (!jobs.bulk || jobs.bulk.asking) jobs.bulk = { action: report.action, ids: [], asking: false, n: 0, at: 0, heard: true };
      jobs.bulk.report = report;
      if (report.over) {
        const failed = new Set(report.failed.map(([key]) => key));
        const dealt = new Set(jobs.bulk.ids.filter((key) => !failed.has(key)));
        jobs.selection.keep((key) => !dealt.has(key));
        save("_selected", jobs.selection.keys);
      }
      jobs.draw();
    },

    /** @param {string} text for those who can't see it */
    say(text) {
      jobs.spoken = text;
    },

    /** Once a second: what only the clock changes, where somebody can see it. */
    tick() {
      const seen = [...jobs.views].filter(({ node }) => node.offsetParent && !document.hidden);
      for (const view of seen) view.tick();
      for (const store of opened()) store.tick();
      return seen.length > 0;
    },
  };

  const opened = () => jobs.opened.values();
  return jobs;
}

/** What a row says, until the kernel has said more. @param {Row} row @param {number} now */
function factsOf({ key, type, description, state, resolved, user, created, started, ended, estimate }, now) {
  const [median = 0, low = 0, high = 0, samples = 0] = estimate ?? [];
  return {
    estimate: estimate ? { median, low, high, samples } : undefined,
    id: key, type, description, resolved,
    state: state ?? undefined,
    created_by: user,
    created_at: created ?? undefined,
    started_at: started ?? undefined,
    ended_at: ended ?? undefined,
    as_of: now || undefined,
  };
}
