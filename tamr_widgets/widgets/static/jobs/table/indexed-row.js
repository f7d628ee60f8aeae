/** A job's row: made of the kernel's message, with what searching and sorting need. */

import { cut, timeOf } from "../../shared/format.js";

/** @typedef {import("../../shared/protocol.js").WireRow} WireRow */
/** @typedef {ReturnType<typeof indexedRow>} Row */

const RESOLVED = ["SUCCEEDED", "FAILED", "CANCELED"];

/** Maximum length of a text that is searched and shown. */
const MAX_SEARCHED_CHARS = 2000;

/** @param {WireRow} wire */
export function indexedRow([
  key,
  state,
  description,
  user,
  created,
  started,
  ended,
  type,
  estimate,
  queue = null,
  reason = null,
  since = null,
]) {
  [description, user, type, reason] = [description, user, type, reason ?? ""].map((text) =>
    cut(text, MAX_SEARCHED_CHARS),
  );
  return {
    key,
    state: state && cut(state, MAX_SEARCHED_CHARS),
    description,
    user,
    type,
    estimate,
    queue,
    created: timeOf(created),
    started: timeOf(started),
    ended: timeOf(ended),
    reason,
    since,
    resolved: RESOLVED.includes(state ?? ""),
    /** Text that is searched. */
    text: (description + "\n" + key + "\n" + user + "\n" + reason).toLowerCase(),
    number: parseFloat(key) || 0,
    jobType: "",
    /** The reason of a failure without names and numbers; jobs that failed alike have the same. */
    failure: "",
    /** Current sort key. @type {number | string} */
    order: 0,
    /** Index among the matching rows, or -1. */
    index: -1,
    /** Number of the latest full list that has it. */
    list: 0,
  };
}

/** The row as a message, for a saved notebook. @param {Row} row @returns {WireRow} */
export const wireOf = (row) => [
  row.key,
  row.state,
  row.description,
  row.user,
  row.created,
  row.started,
  row.ended,
  row.type,
  row.resolved ? row.estimate : null,
  null,
  row.reason || null,
  row.since,
];
