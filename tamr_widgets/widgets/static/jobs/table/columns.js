/** The table's columns, with the texts and the sort key of each. */

import { remaining } from "../../shared/estimate.js";

/** @typedef {import("./rows.js").Row} Row */

/** Sort order of states: those that need attention come first. */
const RANKS = ["RUNNING", "PENDING", "CANCELING", "", "FAILED", "CANCELED", "SUCCEEDED"];

/** @param {string | null} state */
export const rank = (state) => {
  const index = RANKS.indexOf(state ?? "");
  return index < 0 ? RANKS.indexOf("") : index;
};

/** Seconds between two times, NaN if one is unknown. @param {number | null} from @param {number | null} to */
const secondsBetween = (from, to) => from === null || to === null ? NaN : Math.max(0, (to - from) / 1000);

/** @param {Row} row @param {number} now */
export const queuedFor = (row, now) => secondsBetween(row.created, row.started ?? (row.resolved ? row.ended : now));

/** @param {Row} row @param {number} now */
export const ranFor = (row, now) => secondsBetween(row.started, row.resolved ? row.ended : now);

/** Short and full text of the remaining running time. @param {Row} row @param {number} now */
export function remainingFor(row, now) {
  if (!row.estimate || row.resolved || !now) return ["", ""];
  const [median, low, high, samples] = row.estimate;
  const ran = ranFor(row, now);
  const text = remaining({ median, low, high, samples }, ran >= 0 ? ran : 0, false);
  const short = text.split(/:|\sleft\s\(/)[0].replace("Running longer", "Longer");
  return [short, ran >= 0 ? text : text + ", once it has started"];
}

/** @param {Row} row @param {number} now */
const remainingSeconds = (row, now) => row.estimate && !row.resolved
  ? Math.max(0, row.estimate[0] - (ranFor(row, now) || 0)) : NaN;

/**
 * `order` returns the sort key; NaN and "" come last. `down` is whether the first click sorts descending.
 * @type {{name: string, label: string, order(row: Row, now: number): number | string, down?: boolean}[]}
 */
export const COLUMNS = [
  { name: "pick", label: "", order: () => 0 },
  { name: "state", label: "State", order: (row) => rank(row.state) + (row.state ?? "~") },
  { name: "description", label: "Description", order: (row) => row.text },
  { name: "user", label: "Started by", order: (row) => row.user.toLowerCase() },
  { name: "created", label: "Created", order: (row) => row.created ?? NaN, down: true },
  { name: "queued", label: "Queued", order: queuedFor, down: true },
  { name: "ran", label: "Ran", order: ranFor, down: true },
  { name: "left", label: "Time left", order: remainingSeconds },
];

/** Index of the description, the column that is active at first. */
export const DESCRIPTION = 2;
