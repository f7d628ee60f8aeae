/** Words of the actions on several jobs. */

import { cut } from "../../shared/format.js";

/** Maximum number of jobs that a confirmation names; it counts the others. */
export const MAX_NAMED = 3;

export const BULK_LABELS = {
  cancel: {
    ask: "Cancel",
    noun: "job",
    no: "Keep running",
    going: "Cancelling",
    done: "Cancelled",
  },
  delete: { ask: "Delete", noun: "operation", no: "Keep", going: "Deleting", done: "Deleted" },
};

/** Name of a job in a confirmation or a report. @param {import("../table/rows.js").Rows} rows @param {string} key */
export function nameOf(rows, key) {
  const text = rows.get(key)?.description || "Operation";
  return cut(text, 60) + " (" + cut(key, 60) + ")";
}

/** Counts what is not named. @param {number} count */
export const andMore = (count) => (count > 0 ? ", and " + count.toLocaleString() + " more" : "");
