import assert from "node:assert/strict";
import { test } from "node:test";
import { load, wireRow } from "./static.js";

const { createRows, FAILING, NO_STATE } = await load("jobs/table/rows.js");
const NEWEST_FIRST = { search: "", state: "", column: "created", descending: true };
const ROWS = [
  wireRow("170", { user: "Priya" }),
  wireRow("171", { description: "Update Clusters", state: "FAILED" }),
  wireRow("172", { description: "Update Unified Dataset [x]", state: "FAILED" }),
  wireRow("173", { state: "QUARANTINED" }),
  wireRow("174", { description: "Publish Clusters", state: null }),
];

function rowsOf(jobs) {
  const rows = createRows();
  rows.apply({ jobs, reset: true, total: jobs.length });
  return rows;
}

function keys(rows, filter = {}, now = 0) {
  rows.arrange({ ...NEWEST_FIRST, ...filter }, now);
  return rows.matching.map(({ key }) => key);
}

for (const [search, found] of [
  ["clusters", ["174", "171"]],
  ["UPDATE", ["172", "171"]],
  ["170", ["170"]],
  ["priya", ["170"]],
  ["clus update", ["171"]],
  ["[x]", ["172"]],
  ["  ", ["174", "173", "172", "171", "170"]],
  [".*", []],
]) {
  test(`the search "${search}" looks for all words in description, id and user`, () => {
    assert.deepEqual(keys(rowsOf(ROWS), { search }), found);
  });
}

test("a shorter search finds rows that a longer one excluded", () => {
  const rows = rowsOf(ROWS);
  const found = ["c", "clu", "clux", "clu", "", "x"].map((search) => keys(rows, { search }).length);
  assert.deepEqual(found, [2, 2, 0, 2, 5, 1]);
});

test("rows are filtered by state, those without a state by NO_STATE", () => {
  const rows = rowsOf(ROWS);
  assert.deepEqual(keys(rows, { state: "FAILED" }), ["172", "171"]);
  assert.deepEqual(keys(rows, { state: "QUARANTINED" }), ["173"]);
  assert.deepEqual(keys(rows, { state: NO_STATE }), ["174"]);
  assert.deepEqual(keys(rows, { state: "RUNNING" }), []);
});

test("counts by state follow the search, not the state", () => {
  const rows = rowsOf(ROWS);
  keys(rows, { state: "FAILED" });
  assert.deepEqual(Object.fromEntries(rows.counts), {
    SUCCEEDED: 1,
    FAILED: 2,
    QUARANTINED: 1,
    [NO_STATE]: 1,
  });
  keys(rows, { search: "update", state: "QUARANTINED" });
  assert.deepEqual(Object.fromEntries(rows.counts), { FAILED: 2 });
  assert.equal(rows.found, 2);
});

test("the newest row is first, whatever the order of the list", () => {
  assert.deepEqual(keys(rowsOf([wireRow("18"), wireRow("20"), wireRow("19")])), ["20", "19", "18"]);
});

test("a column sorts both ways, unknown values last, equal ones newest first", () => {
  const rows = rowsOf(
    [
      ["1", "b"],
      ["2", "a"],
      ["3", ""],
      ["4", "C"],
      ["5", "a"],
    ].map(([key, user]) => wireRow(key, { user })),
  );
  assert.deepEqual(keys(rows, { column: "user", descending: false }), ["5", "2", "1", "4", "3"]);
  assert.deepEqual(keys(rows, { column: "user", descending: true }), ["4", "1", "5", "2", "3"]);
});

test("running times sort as times", () => {
  const rows = rowsOf(
    [1, 2, 3, 4, 5, 6].map((n) => wireRow("" + n, { ended: n * 1000 + 5000 + (n % 7) * 60000 })),
  );
  assert.deepEqual(keys(rows, { column: "ran", descending: true }), ["6", "5", "4", "3", "2", "1"]);
});

test("remaining times sort by the estimate, rows without one last", () => {
  const running = { state: "RUNNING", ended: null };
  const rows = rowsOf([
    wireRow("1", { ...running, started: 0, estimate: [100, 80, 130, 20] }),
    wireRow("2", { ...running, started: 50_000, estimate: [100, 80, 130, 20] }),
    wireRow("3", running),
  ]);
  assert.deepEqual(keys(rows, { column: "left", descending: false }, 60_000), ["1", "2", "3"]);
  assert.deepEqual(keys(rows, { column: "left", descending: true }, 60_000), ["2", "1", "3"]);
});

test("rows that need attention sort first by state", () => {
  const states = [
    "SUCCEEDED",
    "CANCELED",
    "FAILED",
    "QUARANTINED",
    "CANCELING",
    "PENDING",
    "RUNNING",
  ];
  const rows = rowsOf(states.map((state, i) => wireRow("" + i, { state })));
  assert.deepEqual(keys(rows, { column: "state", descending: false }), [
    "6",
    "5",
    "4",
    "3",
    "2",
    "1",
    "0",
  ]);
});

test("a row has its index among the matching rows", () => {
  const rows = rowsOf(ROWS);
  keys(rows, { search: "update" });
  assert.deepEqual(
    ["172", "171", "170"].map((key) => rows.get(key).index),
    [0, 1, -1],
  );
});

test("changes are applied in place", () => {
  const rows = rowsOf(ROWS);
  rows.apply({ jobs: [wireRow("170", { state: "FAILED" }), wireRow("175")], gone: ["172", "9"] });
  assert.deepEqual(keys(rows, { state: "FAILED" }), ["171", "170"]);
  assert.deepEqual(keys(rows), ["175", "174", "173", "171", "170"]);
});

test("a full list in parts replaces all rows with its last part", () => {
  const rows = rowsOf(ROWS);
  rows.apply({ jobs: [wireRow("180")], reset: true, total: 2, more: true });
  assert.ok(rows.filling);
  assert.ok(rows.has("170"));
  rows.apply({ jobs: [wireRow("174")], more: false });
  assert.ok(!rows.filling);
  assert.deepEqual(keys(rows), ["180", "174"]);
});

test("the total is the server's until the list is complete", () => {
  const rows = createRows();
  rows.apply({ jobs: [wireRow("1")], reset: true, total: 4000, more: true });
  assert.equal(rows.total, 4000);
  rows.apply({ jobs: [], more: false });
  assert.equal(rows.total, 1);
});

test("the newest rows are kept without estimates of time left, in the form of messages", () => {
  const rows = rowsOf([
    wireRow("1"),
    wireRow("3", { state: "RUNNING", estimate: [1, 1, 1, 1] }),
    wireRow("2"),
  ]);
  assert.deepEqual(rows.newest(2), [wireRow("3", { state: "RUNNING" }), wireRow("2")]);
});

test("texts are cut, and times out of range are unknown", () => {
  const rows = rowsOf([
    ["1", "x".repeat(1e6), "y".repeat(1e6), null ?? "", 8.65e15, "2021", {}, "z".repeat(1e6), null],
  ]);
  const { state, description, type, created, started, ended } = rows.get("1");
  assert.ok([state, description, type].every(({ length }) => length === 2001));
  assert.deepEqual([created, started, ended], [null, null, null]);
});

const FAILURES = [
  wireRow("1", { state: "FAILED", reason: "cannot resolve 'a_1' in line 3", since: 90_000 }),
  wireRow("2", { state: "FAILED", reason: "cannot resolve 'b_2' in line 7", since: false }),
  wireRow("3", { state: "FAILED", reason: "cannot resolve 'c' in line 9", since: true }),
  wireRow("4", { state: "FAILED", reason: "no space left", since: true }),
  wireRow("5", { state: "CANCELED", reason: "Cancelled by carla, at step 3 of 8" }),
  wireRow("6"),
];

test("jobs that still fail have a filter and a count", () => {
  const rows = rowsOf(FAILURES);
  assert.deepEqual(keys(rows, { state: FAILING }), ["4", "3"]);
  assert.equal(rows.failing, 2);
  assert.deepEqual(keys(rows, { state: FAILING, search: "space" }), ["4"]);
  assert.equal(rows.failing, 1);
});

test("a later success removes a failure from the filter", () => {
  const rows = rowsOf(FAILURES);
  keys(rows, { state: FAILING });
  rows.apply({ jobs: [wireRow("4", { state: "FAILED", reason: "no space left", since: 99_000 })] });
  assert.deepEqual(keys(rows, { state: FAILING }), ["3"]);
});

test("the search finds reasons", () => {
  assert.deepEqual(keys(rowsOf(FAILURES), { search: "resolve" }), ["3", "2", "1"]);
  assert.deepEqual(keys(rowsOf(FAILURES), { search: "carla" }), ["5"]);
});

test("failures are similar if their reasons differ only in names and numbers", () => {
  const rows = rowsOf(FAILURES);
  const [first, full, fine] = ["1", "4", "6"].map(rows.get);
  assert.deepEqual([first, full, fine].map(rows.countAlike), [3, 1, 0]);
  assert.deepEqual(keys(rows, { kind: { ...rows.kindOf(first), failure: first.failure } }), [
    "3",
    "2",
    "1",
  ]);
});

test("kept rows have their reasons", () => {
  const again = rowsOf(rowsOf(FAILURES).newest(10));
  assert.deepEqual(keys(again, { state: FAILING }), ["4", "3"]);
  assert.equal(again.get("1").since, 90_000);
});
