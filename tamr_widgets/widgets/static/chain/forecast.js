/** Forecasts when all steps of a chain have ended, from the estimates of the steps. */

/** @typedef {import("../shared/protocol.js").StepFacts} StepFacts */
/** @typedef {import("../shared/protocol.js").Estimate} Estimate */
/** @typedef {{median: number, below: number, above: number}} Span seconds, and the variances of both sides */

/** Least remaining time of a step that is late, as a part of the high end of its estimate. */
const LATE_PART = 0.1;

/** Returns the rest of an estimated time. @param {Estimate} estimate @param {number} elapsed seconds @returns {Span} */
function remainder({ median, low, high }, elapsed) {
  const left = Math.max(median - elapsed, elapsed > high ? LATE_PART * high : 0);
  const spread = (/** @type {number} */ end) => (Math.max(end - elapsed, 0) - left) ** 2;
  return { median: left, below: spread(low), above: elapsed > high ? left ** 2 : spread(high) };
}

/** @param {Span} a @param {Span} b @returns {Span} */
const sum = (a, b) => ({ median: a.median + b.median, below: a.below + b.below, above: a.above + b.above });

/** @param {Span[]} spans */
const latest = (spans) => spans.reduce((a, b) => b.median > a.median ? b : a, { median: 0, below: 0, above: 0 });

/** Time until a step has ended once it may begin; undefined without an estimate. @param {StepFacts} step @param {number} now */
function timeOfStep({ estimate, queue, created_at, started_at }, now) {
  if (!estimate) return undefined;
  const runs = remainder(estimate, started_at ? (now - started_at) / 1000 : 0);
  return started_at || !queue ? runs : sum(runs, remainder(queue, created_at ? (now - created_at) / 1000 : 0));
}

/**
 * Time until all steps have ended, as an 80% interval in seconds; undefined if a step has failed, or
 * one that is still to end has no estimate.
 * @param {StepFacts[]} steps
 * @param {number} atOnce the number of steps that run at the same time
 * @param {number} now on the server's clock
 */
export function forecast(steps, atOnce, now) {
  /** When each step ends. @type {(Span | undefined)[]} */
  const ends = steps.map(({ state }) => state === "SUCCEEDED" ? latest([]) : undefined);
  /** When each place for a running step is free. @type {Span[]} */
  const places = Array.from({ length: atOnce }, () => latest([]));
  for (;;) {
    const ready = steps.map((_, i) => i).filter((i) => !ends[i] && steps[i].after.every((before) => ends[before]));
    if (!ready.length) break;
    // Steps that run hold a place; the others begin in the order of the list.
    const next = ready.find((i) => steps[i].state !== "WAITING") ?? ready[0];
    const time = timeOfStep(steps[next], now);
    if (!time) return undefined;
    const place = places.indexOf(places.reduce((a, b) => b.median < a.median ? b : a));
    const before = steps[next].after.map((i) => /** @type {Span} */ (ends[i]));
    places[place] = ends[next] = sum(latest([places[place], ...before]), time);
  }
  const all = latest(/** @type {Span[]} */ (ends.filter(Boolean)));
  if (steps.some(({ state }) => /FAILED|CANCELED|BLOCKED|UNKNOWN/.test(state)) || !all.median) return undefined;
  return { median: all.median, low: all.median - Math.sqrt(all.below), high: all.median + Math.sqrt(all.above) };
}
