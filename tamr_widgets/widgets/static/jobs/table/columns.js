/** The table's columns, with the texts and the sort key of each. */

import { ordinal, remaining, untilEnd, waitingText } from "../../shared/estimate.js";

/** @typedef {import("./indexed-row.js").Row} Row */

/** Sort order of states: those that need attention come first. */
const RANKS = ["RUNNING", "PENDING", "CANCELING", "", "FAILED", "CANCELED", "SUCCEEDED"];

/** @param {string | null} state */
export const rank = (state) => {
  const index = RANKS.indexOf(state ?? "");
  return index < 0 ? RANKS.indexOf("") : index;
};

/** Seconds between two times, NaN if one is unknown. @param {number | null} from @param {number | null} to */
const secondsBetween = (from, to) =>
  from === null || to === null ? NaN : Math.max(0, (to - from) / 1000);

/** @param {Row} row @param {number} now */
export const queuedFor = (row, now) =>
  secondsBetween(row.created, row.started ?? (row.resolved ? row.ended : now));

/** @param {Row} row @param {number} now */
export const ranFor = (row, now) => secondsBetween(row.started, row.resolved ? row.ended : now);

/** Whether a job ran longer than the upper end of its estimate. @param {Row} row @param {number} now */
export const isSlow = (row, now) => !!row.estimate && ranFor(row, now) > row.estimate[2];

/** @param {import("../../shared/protocol.js").RowEstimate | null | undefined} values */
const namedEstimate = (values) =>
  values ? { median: values[0], low: values[1], high: values[2], samples: values[3] } : undefined;

/**
 * Estimates of a waiting job and the jobs ahead of it.
 * @param {Row} row
 * @param {(key: string) => Row | undefined} get
 * @returns {import("../../shared/protocol.js").QueueFacts}
 */
export function queueFacts({ estimate, queue }, get) {
  const [start, count = 0, first = ""] = queue ?? [];
  const name = get(first)?.description || "operation " + first;
  return {
    estimate: namedEstimate(estimate),
    queue: namedEstimate(start),
    ahead: count ? { count, names: [name] } : undefined,
  };
}

/** Times of a waiting job's expected start and end, undefined if they are not known. @param {Row} row @param {number} now */
export function expectedTimes({ created, started, resolved, estimate, queue }, now) {
  if (resolved || started !== null || created === null || !estimate || !queue?.[0])
    return undefined;
  const start = Math.max(now, created + 1000 * queue[0][0]);
  return [start, start + 1000 * estimate[0]];
}

/** Short and full text of the time until a job ends, or starts. @param {Row} row @param {number} now @param {(key: string) => Row | undefined} get */
export function remainingFor(row, now, get) {
  const { estimate, resolved, queue } = row;
  if (resolved || !now) return ["", ""];
  const ran = ranFor(row, now);
  if (queue && !(ran >= 0)) {
    const facts = queueFacts(row, get);
    const waited = queuedFor(row, now) || 0;
    const place = facts.ahead ? ordinal(facts.ahead.count + 1) : "";
    const start = facts.queue
      ? remaining(facts.queue, waited, true)
          .split(/:|\s\(/)[0]
          .replace("about ", "")
      : "";
    const short = place
      ? place + start.replace(/^(Starts|Queued)/, ",")
      : start.replace("Queued longer", "Longer");
    return [short, waitingText(facts, waited)];
  }
  if (!estimate) return ["", ""];
  const text = remaining(
    /** @type {import("../../shared/protocol.js").Estimate} */ (namedEstimate(estimate)),
    ran >= 0 ? ran : 0,
    false,
  );
  const short = text.split(/:|\sleft\s\(/)[0].replace("Running longer", "Longer");
  return [short, ran >= 0 ? text : text + ", once it has started"];
}

/** Seconds until a job ends. @param {Row} row @param {number} now */
function remainingSeconds(row, now) {
  const { estimate, queue } = queueFacts(row, () => undefined);
  if (!estimate || row.resolved) return NaN;
  const ran = ranFor(row, now);
  return queue && !(ran >= 0)
    ? untilEnd({ queue, estimate }, queuedFor(row, now) || 0)
    : Math.max(0, estimate.median - (ran || 0));
}

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
