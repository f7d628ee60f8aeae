/** Imports the page's modules, and creates rows for their tests. */

const STATIC = new URL("../../../tamr_widgets/widgets/static/", import.meta.url);

/** @param {string} path below static/ */
export const load = (path) => import(new URL(path, STATIC).href);

/** The current time in the tests, in epoch milliseconds. */
export const NOW = Date.UTC(2021, 0, 29, 14, 2);

/** A job row as the kernel sends it; it ran for half a minute unless `facts` differ. */
export function wireRow(key, facts = {}) {
  const time = Number(key) * 1000;
  const row = {
    state: "SUCCEEDED",
    description: "Train Mastering Model",
    user: "admin",
    created: time,
    started: time + 5000,
    ended: time + 35000,
    type: "SPARK",
    estimate: null,
    queue: null,
    reason: null,
    since: null,
    ...facts,
  };
  return [
    key,
    row.state,
    row.description,
    row.user,
    row.created,
    row.started,
    row.ended,
    row.type,
    row.estimate,
    row.queue,
    row.reason,
    row.since,
  ];
}
