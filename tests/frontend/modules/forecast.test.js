import assert from "node:assert/strict";
import { test } from "node:test";
import { load, NOW } from "./static.js";

const { forecast } = await load("chain/forecast.js");
const estimateOf = (median) => ({ median, low: 0.8 * median, high: 1.3 * median, samples: 20 });
const step = (state, after, facts = {}) => ({ name: "", state, after, ...facts });
const running = (median, seconds, after = []) =>
  step("RUNNING", after, { estimate: estimateOf(median), started_at: NOW - 1000 * seconds });
const waiting = (median, after = []) => step("WAITING", after, { estimate: estimateOf(median) });
const rounded = (end) => end && [end.low, end.median, end.high].map(Math.round);

test("steps that follow one another add up", () => {
  const steps = [step("SUCCEEDED", []), running(60, 20, [0]), waiting(100, [1])];
  assert.equal(forecast(steps, 1, NOW).median, 140);
});

test("the interval of a sum is narrower than the sum of the intervals", () => {
  const { low, median, high } = forecast([waiting(100), waiting(100, [0])], 1, NOW);
  assert.deepEqual([Math.round(200 - low), median, Math.round(high - 200)], [28, 200, 42]);
});

test("the time in the queue counts until the job has started", () => {
  const queue = estimateOf(12);
  const pending = step("PENDING", [], { estimate: estimateOf(60), queue, created_at: NOW - 5000 });
  assert.equal(
    forecast([pending, { ...waiting(60, [0]), queue }], 1, NOW).median,
    7 + 60 + 12 + 60,
  );
});

test("independent steps run in parallel, up to the maximum", () => {
  const steps = [waiting(100), waiting(100), waiting(100)];
  assert.equal(forecast(steps, 1, NOW).median, 300);
  assert.equal(forecast(steps, 2, NOW).median, 200);
  assert.equal(forecast(steps, 3, NOW).median, 100);
});

test("a running step counts, wherever it is in the list", () => {
  assert.equal(forecast([waiting(10), running(100, 0)], 1, NOW).median, 110);
});

test("a late step has some time left", () => {
  const { median, high } = forecast([running(60, 600)], 1, NOW);
  assert.ok(median > 0 && high > median);
});

test("there is no forecast without an estimate, after a failure, or at the end", () => {
  assert.equal(forecast([waiting(60), step("WAITING", [0])], 1, NOW), undefined);
  assert.equal(
    forecast([step("FAILED", []), step("BLOCKED", [0]), running(60, 1)], 1, NOW),
    undefined,
  );
  assert.equal(forecast([step("SUCCEEDED", [])], 1, NOW), undefined);
});

test("the low end is never in the past", () => {
  assert.ok(rounded(forecast([running(60, 59)], 1, NOW))[0] >= 0);
});
