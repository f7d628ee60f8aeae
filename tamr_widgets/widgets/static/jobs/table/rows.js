/** Rows of all jobs: indexed once, then filtered and sorted on every change of the filter. */

import { createJobTypes } from "../job-types.js";
import { COLUMNS, isSlow } from "./columns.js";
import { indexedRow, wireOf } from "./indexed-row.js";

/** @typedef {import("./indexed-row.js").Row} Row */
/** @typedef {{type: string, description: string, jobType: string, exact: boolean, failure?: string}} Kind runs of one job or,
 *   with `failure`, jobs that failed alike; `description` is what people see of it */
/** @typedef {{search: string, state: string, kind: Kind | null, column: string, descending: boolean}} Filter */
/** @typedef {ReturnType<typeof createRows>} Rows */

/** Key of the rows without a state. */
export const NO_STATE = "?";
/** Key of the rows that ran longer than the upper end of their estimates, among the states. */
export const SLOW = "SLOW";
/** Key of the rows whose kind of job still fails, among the states. */
export const FAILING = "FAILING";

/** With fewer runs of its own, a description belongs to its type; as in history.py. */
const MIN_RUNS = 3;

/** @param {Row} row @param {Kind} kind */
const isOfKind = (row, { type, description, jobType, exact, failure }) =>
  failure
    ? row.failure === failure
    : exact
      ? row.type === type && row.description === description
      : row.jobType === jobType;
/** @param {number | string} order */
const isMissing = (order) => order === "" || Number.isNaN(order);

export function createRows() {
  /** @type {Map<string, Row>} */
  const byKey = new Map();
  const jobTypes = createJobTypes();
  /** All rows, sorted. @type {Row[]} */
  let all = [];
  /** Rows that match the search. @type {Row[]} */
  let found = [];
  /** Rows that match the search and the state. @type {Row[]} */
  let matching = [];
  /** @type {Map<string, number>} */
  let counts = new Map();
  let list = 0;
  /** Whether the first full list is incomplete, so that more jobs may exist. */
  let filling = true;
  let total = 0;
  /** Column and direction by which the rows are sorted; "" after they changed. */
  let sortedBy = "";
  /** @type {string | undefined} */
  let lastSearch;
  let state = "";
  /** @type {Kind | null} */
  let kind = null;
  let [slow, failing] = [0, 0];

  /** @param {import("../../shared/protocol.js").WireRow} wire */
  function put(wire) {
    const fresh = indexedRow(wire);
    const row = byKey.get(fresh.key);
    fresh.list = list;
    fresh.jobType = jobTypes.name(fresh.type, fresh.description);
    if (fresh.state === "FAILED") fresh.failure = jobTypes.failure(fresh.reason);
    if (fresh.estimate) jobTypes.add(fresh.jobType, fresh.created ?? 0, fresh.estimate);
    if (row) Object.assign(row, fresh, { index: row.index });
    else {
      byKey.set(fresh.key, fresh);
      all.push(fresh);
    }
  }

  /** @param {(row: Row) => boolean} isRemoved */
  function remove(isRemoved) {
    const removed = all.filter(isRemoved);
    for (const { key } of removed) byKey.delete(key);
    if (removed.length) all = all.filter((row) => byKey.get(row.key) === row);
  }

  /** @param {Filter} filter @param {number} now */
  function sort({ column, descending }, now) {
    const { order } = COLUMNS.find(({ name }) => name === column) ?? COLUMNS[0];
    const sign = descending ? -1 : 1;
    for (const row of all) row.order = order(row, now);
    all.sort((one, other) => {
      const [a, b] = [one.order, other.order];
      if (a !== b) {
        const missing = +isMissing(a) - +isMissing(b);
        if (missing) return missing;
        if (a < b) return -sign;
        if (a > b) return sign;
      }
      return (other.created ?? 0) - (one.created ?? 0) || other.number - one.number;
    });
  }

  /** @param {string} search @param {Kind | null} selectedKind */
  function find(search, selectedKind) {
    const terms = search.toLowerCase().split(/\s+/).filter(Boolean);
    // A longer search matches a subset.
    const among =
      lastSearch !== undefined && search.startsWith(lastSearch) && kind === selectedKind
        ? found
        : all;
    found = among.filter(
      (row) =>
        terms.every((term) => row.text.includes(term)) &&
        (!selectedKind || isOfKind(row, selectedKind)),
    );
    counts = new Map();
    for (const row of found) {
      const key = row.state ?? NO_STATE;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    failing = found.reduce((count, row) => count + +(row.since === true), 0);
    lastSearch = search;
    kind = selectedKind;
  }

  /** @param {number} now */
  const countSlow = (now) => found.reduce((count, row) => count + +isSlow(row, now), 0);

  /** @param {string} selectedState "" for all @param {number} now */
  function filterState(selectedState, now) {
    for (const row of matching) row.index = -1;
    matching = !selectedState
      ? found
      : found.filter((row) =>
          selectedState === SLOW
            ? isSlow(row, now)
            : selectedState === FAILING
              ? row.since === true
              : (row.state ?? NO_STATE) === selectedState,
        );
    matching.forEach((row, index) => (row.index = index));
    state = selectedState;
  }

  return {
    jobTypes,
    /** @param {string} key */
    get: (key) => byKey.get(key),
    has: (/** @type {string} */ key) => byKey.has(key),
    get size() {
      return byKey.size;
    },
    /** Number of rows when the list is complete. */
    get total() {
      return filling ? Math.max(total, byKey.size) : byKey.size;
    },
    get filling() {
      return filling;
    },
    get matching() {
      return matching;
    },
    /** Number of rows that match the search, in total and by state. */
    get found() {
      return found.length;
    },
    get counts() {
      return counts;
    },
    /** Number of rows that match the search and whose kind of job still fails. */
    get failing() {
      return failing;
    },
    /** Number of slow rows that match the search, which grows with time. */
    get slow() {
      return slow;
    },
    /** Whether a job has become slow since the rows were arranged. @param {number} now */
    hasNewSlow: (now) => countSlow(now) !== slow,

    /** The kind of a row: jobs with its description or, if those are few, of its type. @param {Row} row @returns {Kind} */
    kindOf({ type, description, jobType }) {
      const same = all.filter((row) => row.type === type && row.description === description);
      return { type, description, jobType, exact: same.length >= MIN_RUNS };
    },

    /** Number of jobs that failed with the same reason but for names and numbers. @param {Row} row */
    countAlike: ({ failure }) =>
      failure ? all.reduce((count, row) => count + +(row.failure === failure), 0) : 0,

    /** Applies a message of the kernel. @param {import("../../shared/protocol.js").RowsMessage} message */
    apply({ jobs, gone = [], reset, total: expected, more }) {
      if (reset) {
        list++;
        filling = true;
        total = expected ?? jobs.length;
      }
      for (const wire of jobs) put(wire);
      const removedKeys = new Set(gone);
      if (removedKeys.size) remove(({ key }) => removedKeys.has(key));
      if ((filling && !more && more !== undefined) || (reset && !more)) {
        filling = false;
        remove((row) => row.list !== list);
      }
      sortedBy = "";
    },

    /** Filters and sorts, unless the result would be the same. @param {Filter} filter @param {number} now */
    arrange(filter, now) {
      const order = filter.column + filter.descending;
      const resort = sortedBy !== order;
      if (resort) {
        sort(filter, now);
        sortedBy = order;
        lastSearch = undefined;
      }
      const search = lastSearch !== filter.search || kind !== filter.kind;
      if (search) find(filter.search, filter.kind);
      const newSlow = countSlow(now);
      if (search || state !== filter.state || (state === SLOW && slow !== newSlow))
        filterState(filter.state, now);
      slow = newSlow;
    },

    /** The newest rows in the form of messages, for a saved notebook. @param {number} count */
    newest(count) {
      const rows = [...byKey.values()].sort((a, b) => (b.created ?? 0) - (a.created ?? 0));
      return rows.slice(0, count).map(wireOf);
    },
  };
}
