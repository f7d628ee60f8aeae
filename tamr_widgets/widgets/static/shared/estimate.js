/** Progress and remaining time of a job from what such jobs took before. Seconds throughout. */

import { plural } from "./dom.js";
import { duration } from "./format.js";

/** @typedef {import("./protocol.js").Estimate} Estimate */

/**
 * Elapsed over estimate, below 1 whatever happens: the same as progress() in duration.py.
 * @param {Estimate} estimate
 * @param {number} elapsed
 */
export function progress({ median, high }, elapsed) {
  const slack = Math.max(high - median, 0.05 * median) / 2;
  const late = (elapsed - median) / slack;
  // A soft max(median - elapsed, 0), which must not overflow early on.
  const ahead = Math.max(0, -late) + Math.log1p(Math.exp(-Math.abs(late)));
  return elapsed > 0 ? Math.min(elapsed / (elapsed + slack * (ahead + 0.5)), 0.999) : 0;
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
