/** Progress and remaining time of a job from what such jobs took before. Seconds throughout. */

import { duration } from "./format.js";

/** @typedef {import("./wire.js").Estimate} Estimate */

/**
 * Elapsed over estimate: straight up to the median, then ever slower; never 1.
 * @param {Estimate} estimate
 * @param {number} elapsed
 */
export function progress({ median, high }, elapsed) {
  const end = Math.min(Math.max(high, 1.1 * median), 1.4 * median);
  return elapsed < median
    ? Math.max(0, elapsed) / end
    : 1 - (1 - median / end) * Math.exp((median - elapsed) / (end - median));
}

/** Steps that grow with the number, so that a guess does not pretend to be exact. @param {number} s */
function rough(s) {
  const step = s < 20 ? 1 : s < 120 ? 5 : s < 600 ? 10 : 60;
  return Math.round(s / step) * step;
}

/** "20 to 70 s", "up to 3 min". @param {number} low @param {number} high */
function range(low, high) {
  const end = high < 100 ? high + " s" : duration(high);
  return low > 0 && low < high ? (high < 100 ? low : duration(low)) + " to " + end : "up to " + end;
}

/**
 * What is left, in words.
 * @param {Estimate} estimate
 * @param {number} elapsed
 * @param {boolean} starting whether the end of the queue is awaited rather than the end of the job
 */
export function remaining({ median, low, high, samples }, elapsed, starting) {
  if (elapsed > high) {
    return (starting ? "Queued" : "Running") + " longer than usual: " + duration(elapsed) +
      ", usually " + duration(rough(median));
  }
  const left = duration(rough(Math.max(median - elapsed, (high - elapsed) / 2)));
  return (starting ? "Starts in about " + left : "About " + left + " left") +
    " (" + range(rough(low - elapsed), rough(high - elapsed)) + ", from " + samples + " past " +
    (samples === 1 ? "run" : "runs") + ")";
}
