/** All jobs of a server, indexed once, then filtered and sorted for every keystroke. */

import { COLUMNS } from "./columns.js";
import { cut, timeOf } from "../../shared/format.js";
import { createKinds } from "../job-types.js";

/** @typedef {ReturnType<typeof indexed>} Row */
/** @typedef {{search: string, state: string, column: string, descending: boolean}} Filter */
/** @typedef {ReturnType<typeof createRows>} Rows */

/** Stands for the state of a row whose state could not be read. */
export const NO_STATE = "?";

const RESOLVED = ["SUCCEEDED", "FAILED", "CANCELED"];

/** Characters of a text that are searched and shown. */
const MOST = 2000;

/** @param {import("../../shared/jobs-protocol.js").WireRow} wire */
function indexed([key, state, description, user, created, started, ended, type, estimate]) {
  [description, user, type] = [cut(description, MOST), cut(user, MOST), cut(type, MOST)];
  return {
    key, state: state && cut(state, MOST), description, user, type, estimate,
    created: timeOf(created), started: timeOf(started), ended: timeOf(ended),
    resolved: RESOLVED.includes(state ?? ""),
    /** What is searched. */
    text: (description + "\n" + key + "\n" + user).toLowerCase(),
    number: parseFloat(key) || 0,
    kind: "",
    /** By what it is sorted now. @type {number | string} */
    order: 0,
    /** Its place among the rows that match, or -1. */
    index: -1,
    /** The full list that had it last. */
    list: 0,
  };
}

export function createRows() {
  /** @type {Map<string, Row>} */
  const byKey = new Map();
  const kinds = createKinds();
  /** In the order that is asked for. @type {Row[]} */
  let all = [];
  /** Those of them that the search finds, and of these the ones in the state. @type {Row[]} */
  let found = [];
  /** @type {Row[]} */
  let matching = [];
  /** @type {Map<string, number>} */
  let counts = new Map();
  let list = 0;
  /** Until a full list was taken: that there are no rows does not mean that there are no jobs. */
  let filling = true;
  let total = 0;
  /** What the rows were last arranged by; "" when they have changed since. */
  let sorting = "";
  /** @type {string | undefined} */
  let searched;
  let state = "";

  /** @param {import("../../shared/jobs-protocol.js").WireRow} wire */
  function put(wire) {
    const fresh = indexed(wire);
    const row = byKey.get(fresh.key);
    fresh.list = list;
    fresh.kind = kinds.name(fresh.type, fresh.description);
    const { resolved, started, ended, kind } = fresh;
    if (fresh.state === "SUCCEEDED" && row?.state !== "SUCCEEDED" && started && ended) {
      kinds.add(kind, Math.max(0, ended - started) / 1000);
    }
    if (row) Object.assign(row, fresh, { index: row.index, estimate: resolved ? null : fresh.estimate });
    else {
      byKey.set(fresh.key, fresh);
      all.push(fresh);
    }
  }

  /** @param {(row: Row) => boolean} leaves */
  function remove(leaves) {
    const gone = all.filter(leaves);
    for (const { key } of gone) byKey.delete(key);
    if (gone.length) all = all.filter((row) => byKey.get(row.key) === row);
  }

  /** @param {Filter} filter @param {number} now */
  function sort({ column, descending }, now) {
    const { order } = COLUMNS.find(({ name }) => name === column) ?? COLUMNS[0];
    const sign = descending ? -1 : 1;
    for (const row of all) row.order = order(row, now);
    all.sort((one, other) => {
      const [a, b] = [one.order, other.order];
      if (a !== b) {
        // NaN is not even itself.
        const missing = +(a !== a || a === "") - +(b !== b || b === "");
        if (missing) return missing;
        if (a < b) return -sign;
        if (a > b) return sign;
      }
      return (other.created ?? 0) - (one.created ?? 0) || other.number - one.number;
    });
  }

  /** @param {string} search */
  function find(search) {
    const terms = search.toLowerCase().split(/\s+/).filter(Boolean);
    // More letters can only find less.
    const among = searched !== undefined && search.startsWith(searched) ? found : all;
    found = among.filter(({ text }) => terms.every((term) => text.includes(term)));
    counts = new Map();
    for (const row of found) {
      const key = row.state ?? NO_STATE;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    searched = search;
  }

  /** @param {string} wanted */
  function choose(wanted) {
    for (const row of matching) row.index = -1;
    matching = wanted ? found.filter((row) => (row.state ?? NO_STATE) === wanted) : found;
    matching.forEach((row, index) => row.index = index);
    state = wanted;
  }

  return {
    kinds,
    /** @param {string} key */
    get: (key) => byKey.get(key),
    has: (/** @type {string} */ key) => byKey.has(key),
    get size() { return byKey.size; },
    /** How many there will be when the list is complete. */
    get total() { return filling ? Math.max(total, byKey.size) : byKey.size; },
    get filling() { return filling; },
    get matching() { return matching; },
    /** How many the search finds, in all and by state. */
    get found() { return found.length; },
    get counts() { return counts; },

    /** Takes what the kernel sent. @param {import("../../shared/jobs-protocol.js").RowsMessage} message */
    take({ jobs, gone = [], reset, total: expected, more }) {
      if (reset) {
        list++;
        filling = true;
        total = expected ?? jobs.length;
      }
      for (const wire of jobs) put(wire);
      const leaving = new Set(gone);
      if (leaving.size) remove(({ key }) => leaving.has(key));
      if (filling && !more && more !== undefined || reset && !more) {
        filling = false;
        remove((row) => row.list !== list);
      }
      sorting = "";
    },

    /** Filters and sorts, as little as is necessary. @param {Filter} filter @param {number} now */
    arrange(filter, now) {
      const order = filter.column + filter.descending;
      const resort = sorting !== order;
      if (resort) {
        sort(filter, now);
        sorting = order;
        searched = undefined;
      }
      const search = searched !== filter.search;
      if (search) find(filter.search);
      if (search || state !== filter.state) choose(filter.state);
    },

    /** The newest rows as they came, to be kept in a saved notebook. @param {number} count */
    newest(count) {
      const rows = [...byKey.values()].sort((a, b) => (b.created ?? 0) - (a.created ?? 0));
      return rows.slice(0, count).map((row) => /** @type {import("../../shared/jobs-protocol.js").WireRow} */ (
        [row.key, row.state, row.description, row.user, row.created, row.started, row.ended, row.type, null]));
    },
  };
}
