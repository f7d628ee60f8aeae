import assert from "node:assert/strict";
import { test } from "node:test";
import { load, wireRow } from "./static.js";

const { layBars } = await load("jobs/timeline/bars.js");
const { createRows } = await load("jobs/table/rows.js");
const FRAME = { from: 0, to: 1000, now: 900, width: 500, height: 100 };

function rowsOf(...jobs) {
  const rows = createRows();
  rows.apply({ jobs, reset: true, total: jobs.length });
  rows.arrange({ search: "", state: "", column: "created", descending: true }, 0);
  return rows.matching;
}
const job = (key, created, started, ended, state = "SUCCEEDED") =>
  wireRow(key, { created, started, ended, state });
const summary = ({ x, width, style }) => [style, x, width];

test("a job has a bar for its queue and one for its run", () => {
  const { bars, count, maxCount } = layBars(rowsOf(job("1", 100, 200, 400)), FRAME);
  assert.deepEqual(bars.map(summary), [
    ["QUEUE", 50, 50],
    ["SUCCEEDED", 100, 100],
  ]);
  assert.deepEqual([count, maxCount], [1, 0]);
  assert.deepEqual(
    bars.map(({ rows }) => rows[0].key),
    ["1", "1"],
  );
});

test("a running job lasts until now, a queued one has not started", () => {
  const { bars } = layBars(
    rowsOf(job("2", 100, 200, null, "RUNNING"), job("1", 300, null, null, "PENDING")),
    FRAME,
  );
  assert.deepEqual(bars.map(summary), [
    ["QUEUE", 50, 50],
    ["RUNNING", 100, 350],
    ["QUEUE", 150, 300],
    ["PENDING", 450, 2],
  ]);
});

test("a waiting job has a bar for its expected run, also in columns", () => {
  const waiting = wireRow("1", {
    created: 300,
    started: null,
    ended: null,
    state: "PENDING",
    estimate: [0.04, 0.03, 0.05, 9],
    queue: [[0.62, 0.6, 0.7, 9], 0],
  });
  const { bars } = layBars(rowsOf(waiting), FRAME);
  assert.deepEqual(bars.map(summary), [
    ["QUEUE", 150, 300],
    ["PENDING", 450, 2],
    ["EXPECTED", 460, 20],
  ]);
  const many = Array.from({ length: 600 }, (_, n) => job("" + (n + 2), 0, 0, 1));
  const columns = layBars(rowsOf(waiting, ...many), FRAME).bars;
  assert.ok(columns.some(({ style, x }) => style === "EXPECTED" && x > 450));
});

test("jobs outside of the span are left out, those across its ends are cut", () => {
  const rows = rowsOf(
    job("1", -300, -200, -100),
    job("2", -300, -200, 100),
    job("3", 800, 900, 2000),
    job("4", 1100, 1200, 1300),
  );
  const { bars, count } = layBars(rows, FRAME);
  assert.equal(count, 2);
  assert.deepEqual(bars.map(summary), [
    ["SUCCEEDED", 0, 50],
    ["QUEUE", 400, 50],
    ["SUCCEEDED", 450, 50],
  ]);
});

test("jobs do not overlap, and lie within the picture", () => {
  const rows = rowsOf(
    ...Array.from({ length: 30 }, (_, n) => job("" + n, n * 30, n * 30 + 10, n * 30 + 150)),
  );
  const { bars, maxCount } = layBars(rows, FRAME);
  assert.equal(maxCount, 0);
  for (const bar of bars) {
    assert.ok(
      bar.y >= 0 &&
        bar.y + bar.height <= FRAME.height &&
        bar.x >= 0 &&
        bar.x + bar.width <= FRAME.width + 2,
    );
    for (const other of bars) {
      if (other === bar || other.y !== bar.y) continue;
      assert.ok(other.x >= bar.x + bar.width || bar.x >= other.x + other.width);
    }
  }
});

test("a job without a duration has a visible bar, which no other covers", () => {
  const { bars } = layBars(rowsOf(job("1", 500, 500, 500), job("2", 502, 502, 502)), FRAME);
  assert.deepEqual(bars.map(summary), [
    ["SUCCEEDED", 250, 2],
    ["SUCCEEDED", 251, 2],
  ]);
  assert.notEqual(bars[0].y, bars[1].y);
});

test("if there are too few lanes, columns count the jobs, with the failed ones at the bottom", () => {
  const rows = rowsOf(
    ...Array.from({ length: 20 }, (_, n) => job("" + n, 0, 0, 990, n < 5 ? "FAILED" : "SUCCEEDED")),
  );
  const { bars, count, maxCount } = layBars(rows, FRAME);
  assert.deepEqual([count, maxCount], [20, 20]);
  const [failed, succeeded] = ["FAILED", "SUCCEEDED"].map((style) =>
    bars.filter((bar) => bar.style === style),
  );
  assert.deepEqual([failed[0].y, failed[0].height], [75, 25]);
  assert.deepEqual([succeeded[0].y, succeeded[0].height], [0, 75]);
  assert.ok(bars.every((bar) => bar.rows.length === 0 && bar.from < bar.to));
});

test("ten thousand jobs are drawn as few bars", () => {
  const rows = rowsOf(
    ...Array.from({ length: 10_000 }, (_, n) => job("" + n, n % 990, n % 990, (n % 990) + 5)),
  );
  assert.ok(layBars(rows, FRAME).bars.length <= (2 * FRAME.width) / 6);
});

test("jobs of unknown times are left out", () => {
  const { bars, count } = layBars(
    rowsOf(job("1", null, null, null), job("2", null, 500, 600)),
    FRAME,
  );
  assert.equal(count, 1);
  assert.deepEqual(bars.map(summary), [["SUCCEEDED", 250, 50]]);
});

test("a job that ended before its creation is one short bar, also in columns", () => {
  const reversed = job("1", 800, 700, 100);
  const { bars } = layBars(rowsOf(reversed), FRAME);
  assert.deepEqual(bars.map(summary), [["SUCCEEDED", 400, 2]]);
  const many = Array.from({ length: 600 }, (_, n) => job("" + (n + 2), 0, 0, 1, "FAILED"));
  const columns = layBars(rowsOf(reversed, ...many), FRAME).bars;
  assert.equal(columns.filter(({ style }) => style === "SUCCEEDED").length, 1);
});
