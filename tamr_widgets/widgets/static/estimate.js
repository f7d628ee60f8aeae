/** Progress and remaining time of a job from what such jobs took before. Seconds throughout. */

import { plural } from "./dom.js";
import { duration } from "./format.js";

/** @typedef {import("./wire.js").Estimate} Estimate */

/**
 * Elapsed over estimate: straight up to the median, then ever slower; never 1.
 * @param {Estimate} estimate
 * @param {number} elapsed
 */
export function progress({ median, high }, elapsed) {
  const end = Math.min(Math.max(high, 1.1 * median), 1.4 * median);
  return elapsed < median ? Math.max(0, elapsed) / end
    : 1 - (1 - median / end) * Math.exp((median - elapsed) / (end - median));
}

/** In steps that grow, so that a guess does not pretend to be exact. @param {number} s */
function rough(s) {
  const step = s < 20 ? 1 : s < 120 ? 5 : s < 600 ? 10 : 60;
  return Math.round(s / step) * step;
}

/**
 * What is left, in words; past the median only an upper bound can be told.
 * @param {Estimate} estimate
 * @param {number} elapsed
 * @param {boolean} queued whether its start is awaited, rather than its end
 */
export function remaining({ median, low, high, samples }, elapsed, queued) {
  if (elapsed > high) {
    return (queued ? "Queued" : "Running") + " longer than usual: " + duration(elapsed) +
      ", usually " + duration(rough(median));
  }
  const left = duration(rough(median - elapsed));
  const least = rough(low - elapsed);
  const most = rough(high - elapsed);
  /** "70 s" beside other seconds, "3 min" beside minutes. @param {number} s */
  const plain = (s) => most < 100 ? s + " s" : duration(s);
  const past = "from " + plural(samples, "past run") + ")";
  return elapsed > median
    ? (queued ? "Starts within " : "At most ") + plain(most) + (queued ? " (" : " left (") + past
    : (queued ? "Starts in about " : "About ") + left + (queued ? " (" : " left (") +
      (least > 0 ? plain(least).replace(most < 100 ? " s" : "", "") + " to " : "up to ") + plain(most) + ", " + past;
}
