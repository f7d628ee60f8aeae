import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { progress, remaining } = await load("shared/estimate.js");
const RUN = { median: 100, low: 80, high: 130, samples: 20 };
const QUEUE = { median: 12, low: 8, high: 60, samples: 20 };

for (const [elapsed, text] of [
  [60, "About 40 s left (20 to 70 s, from 20 past runs)"],
  [85, "About 15 s left (up to 45 s, from 20 past runs)"],
  [99.8, "About 1 s left (up to 30 s, from 20 past runs)"],
  [115, "At most 15 s left (from 20 past runs)"],
  [129.8, "At most 1 s left (from 20 past runs)"],
  [180, "Running longer than usual: 3 min, usually 1 min 40 s"],
  [7200, "Running longer than usual: 2 h, usually 1 min 40 s"],
]) {
  test(`remaining running time after ${elapsed} s`, () =>
    assert.equal(remaining(RUN, elapsed, false), text));
}

for (const [elapsed, text] of [
  [5, "Starts in about 7 s (3 to 55 s, from 20 past runs)"],
  [20, "Starts within 40 s (from 20 past runs)"],
  [90, "Queued longer than usual: 1 min 30 s, usually 12 s"],
]) {
  test(`remaining queue time after ${elapsed} s`, () =>
    assert.equal(remaining(QUEUE, elapsed, true), text));
}

test("one past run is singular, and both ends of an interval in minutes have their unit", () => {
  assert.equal(
    remaining({ median: 400, low: 300, high: 600, samples: 1 }, 0, false),
    "About 6 min 40 s left (5 min to 10 min, from 1 past run)",
  );
});

test("progress becomes slower and stays below 1", () => {
  const values = Array.from({ length: 100 }, (_, i) => progress(RUN, 10 * i));
  assert.equal(values[0], 0);
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
  assert.ok(values[30] > 0.95);
  assert.ok(progress(RUN, 1e9) < 1);
  const steps = values.slice(11).map((value, i) => value - values[i + 10]);
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => b - a),
  );
});
