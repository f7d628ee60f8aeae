/** Progress and remaining time of a job, by the running times of earlier jobs. All times are in seconds. */

import { plural } from "./dom.js";
import { cut, duration } from "./format.js";

/** @typedef {import("./protocol.js").Estimate} Estimate */

/**
 * Elapsed over estimated time, always below 1: the same as progress() in duration.py.
 * @param {Estimate} estimate
 * @param {number} elapsed
 */
export function progress({ median, high }, elapsed) {
  const slack = Math.max(high - median, 0.05 * median) / 2;
  const late = (elapsed - median) / slack;
  // A smooth max(median - elapsed, 0); this form does not overflow for a small elapsed time.
  const expected = Math.max(0, -late) + Math.log1p(Math.exp(-Math.abs(late)));
  return elapsed > 0 ? Math.min(elapsed / (elapsed + slack * (expected + 0.5)), 0.999) : 0;
}

/** Rounds to steps that grow with the time, so that an estimate does not look exact. @param {number} s */
function rounded(s) {
  const step = s < 20 ? 1 : s < 120 ? 5 : s < 600 ? 10 : 60;
  return Math.round(s / step) * step;
}

/**
 * Text of the remaining time; past the median only an upper bound is known.
 * @param {Estimate} estimate its basis is not mentioned if `samples` is 0
 * @param {number} elapsed
 * @param {boolean} queued whether the estimate is of its start, rather than its end
 */
export function remaining({ median, low, high, samples }, elapsed, queued) {
  if (elapsed > high) {
    return (
      (queued ? "Queued" : "Running") +
      " longer than usual: " +
      duration(elapsed) +
      ", usually " +
      duration(rounded(median))
    );
  }
  // A job that has not ended needs more than no time.
  const about = duration(Math.max(1, rounded(median - elapsed)));
  const lower = rounded(low - elapsed);
  const upper = Math.max(1, rounded(high - elapsed));
  /** Formats "70 s" beside other seconds, "3 min" beside minutes. @param {number} s */
  const inUnit = (s) => (upper < 120 ? s + " s" : duration(s));
  const range =
    (lower > 0 ? inUnit(lower).replace(upper < 120 ? " s" : "", "") + " to " : "up to ") +
    inUnit(upper);
  const late = elapsed > median;
  const basis = [!late && range, samples && "from " + plural(samples, "past run")]
    .filter(Boolean)
    .join(", ");
  return (
    (late
      ? (queued ? "Starts within " : "At most ") + inUnit(upper)
      : (queued ? "Starts in about " : "About ") + about) +
    (queued ? "" : " left") +
    (basis && " (" + basis + ")")
  );
}

/** Formats "1st", "2nd", "3rd". @param {number} n */
export const ordinal = (n) =>
  n +
  { one: "st", two: "nd", few: "rd", other: "th" }[
    /** @type {"one" | "two" | "few" | "other"} */ (
      new Intl.PluralRules("en", { type: "ordinal" }).select(n)
    )
  ];

/**
 * Text about a job that waits: its place, its start, the jobs ahead, its end.
 * @param {import("./protocol.js").QueueFacts} facts
 * @param {number} waited
 */
export function waitingText({ queue, ahead, estimate }, waited) {
  const start = queue ? remaining(ahead ? { ...queue, samples: 0 } : queue, waited, true) : "";
  const others = ahead ? ahead.count - 1 : 0;
  const parts = ahead
    ? [
        ordinal(ahead.count + 1) + " in the queue",
        start.slice(0, 1).toLowerCase() + start.slice(1),
        "behind " + cut(ahead.names[0], 99) + (others ? " and " + others + " more" : ""),
      ]
    : [start];
  return (
    parts.filter(Boolean).join(", ") +
    (queue && estimate
      ? "; ends in about " + duration(rounded(untilEnd({ queue, estimate }, waited)))
      : "")
  );
}

/** Seconds until a waiting job ends. @param {{queue: Estimate, estimate: Estimate}} facts @param {number} waited */
export const untilEnd = ({ queue, estimate }, waited) =>
  Math.max(0, queue.median - waited) + estimate.median;

/** Formats a long time in its largest unit of which there are two: "4 weeks". @param {number} seconds */
function roughly(seconds) {
  const units = Object.entries({
    year: 31536000,
    month: 2592000,
    week: 604800,
    day: 86400,
    hour: 3600,
    minute: 60,
  });
  const [unit, size] = units.find(([, each]) => seconds >= 2 * each) ?? ["minute", 60];
  return plural(Math.max(1, Math.floor(seconds / size)), unit);
}

/** Text about the usual time and its trend: "usually 31 s; 45% slower than 4 weeks ago". @param {import("./protocol.js").Past} past @param {number} now in milliseconds */
export function usualText({ usual, change, since = 0 }, now) {
  return [
    usual && "usually " + duration(rounded(usual.median)),
    change &&
      Math.round(100 * Math.abs(change)) +
        "% " +
        (change > 0 ? "slower" : "faster") +
        " than " +
        roughly((now - since) / 1000) +
        " ago",
  ]
    .filter(Boolean)
    .join("; ");
}
