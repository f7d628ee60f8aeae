import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { createViewport } = await load("jobs/table/viewport.js");

test("rows of one height", () => {
  const viewport = createViewport(100, 26, []);
  assert.equal(viewport.total, 2600);
  assert.equal(viewport.top(10), 260);
  for (const [y, index] of [
    [0, 0],
    [25, 0],
    [26, 1],
    [2599, 99],
    [9999, 99],
    [-5, 0],
  ])
    assert.equal(viewport.at(y), index);
});

test("rows below an expanded row move down", () => {
  const viewport = createViewport(100, 26, [
    { index: 2, extra: 200 },
    { index: 5, extra: 100 },
  ]);
  assert.deepEqual([2, 3, 5, 6].map(viewport.top), [52, 278, 330, 456]);
  assert.equal(viewport.total, 2900);
});

test("each row is found at its first and at its last pixel", () => {
  for (const opened of [
    [],
    [{ index: 0, extra: 50 }],
    [
      { index: 3, extra: 1 },
      { index: 4, extra: 500 },
      { index: 9, extra: 7 },
    ],
  ]) {
    const viewport = createViewport(10, 26, opened);
    for (let i = 0; i < 10; i++) {
      assert.equal(viewport.at(viewport.top(i)), i);
      assert.equal(viewport.at(viewport.top(i + 1) - 1), i);
    }
  }
});

test("an empty list has no height", () => {
  const viewport = createViewport(0, 26, []);
  assert.deepEqual([viewport.total, viewport.at(0), viewport.at(99)], [0, 0, 0]);
});

test("thousands of higher rows are found as fast as few", () => {
  const higher = Array.from({ length: 50_000 }, (_, i) => ({ index: 2 * i, extra: 17 }));
  const viewport = createViewport(100_000, 26, higher);
  const began = performance.now();
  for (let i = 0; i < 10_000; i++) assert.equal(viewport.at(viewport.top(i * 7)), i * 7);
  assert.ok(performance.now() - began < 2000);
});
