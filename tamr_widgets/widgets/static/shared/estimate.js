/** Progress and remaining time of a job, by the running times of earlier jobs. All times are in seconds. */

import { plural } from "./dom.js";
import { duration } from "./format.js";

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
 * @param {Estimate} estimate
 * @param {number} elapsed
 * @param {boolean} queued whether the estimate is of its start, rather than its end
 */
export function remaining({ median, low, high, samples }, elapsed, queued) {
  if (elapsed > high) {
    return (queued ? "Queued" : "Running") + " longer than usual: " + duration(elapsed) +
      ", usually " + duration(rounded(median));
  }
  const about = duration(rounded(median - elapsed));
  const lower = rounded(low - elapsed);
  const upper = rounded(high - elapsed);
  /** Formats "70 s" beside other seconds, "3 min" beside minutes. @param {number} s */
  const inUnit = (s) => upper < 100 ? s + " s" : duration(s);
  const basis = "from " + plural(samples, "past run") + ")";
  return elapsed > median
    ? (queued ? "Starts within " : "At most ") + inUnit(upper) + (queued ? " (" : " left (") + basis
    : (queued ? "Starts in about " : "About ") + about + (queued ? " (" : " left (") +
      (lower > 0 ? inUnit(lower).replace(upper < 100 ? " s" : "", "") + " to " : "up to ") + inUnit(upper) + ", " + basis;
}
