import assert from "node:assert/strict";
import { test } from "node:test";
import { load, wireRow } from "./static.js";

const { createRows } = await load("jobs/table/rows.js");
const { csvOf, tsvOf } = await load("jobs/export.js");
const NAMES =
  "id state description type created_by created_at started_at ended_at queued_seconds elapsed_seconds reason succeeded_since";

/** The table's row of a job. */
function rowOf(key, facts) {
  const rows = createRows();
  rows.apply({ jobs: [wireRow(key, facts)], reset: true, total: 1 });
  return rows.get(key);
}

test("a row is a line of values below their names", () => {
  const row = rowOf("17", { state: "FAILED", reason: "no space left", since: 99_000 });
  assert.deepEqual(
    tsvOf([row], 0)
      .split("\n")
      .map((line) => line.split("\t")),
    [
      NAMES.split(" "),
      [
        "17",
        "FAILED",
        "Train Mastering Model",
        "SPARK",
        "admin",
        "1970-01-01T00:00:17.000Z",
        "1970-01-01T00:00:22.000Z",
        "1970-01-01T00:00:52.000Z",
        "5",
        "30",
        "no space left",
        "1970-01-01T00:01:39.000Z",
      ],
    ],
  );
});

test("values that are not known are empty", () => {
  const row = rowOf("17", { state: null, created: null, started: null, ended: null, user: "" });
  assert.equal(
    tsvOf([row], 0).split("\n")[1],
    "17\t\tTrain Mastering Model\tSPARK" + "\t".repeat(8),
  );
});

test("tabs and line breaks do not break a line", () => {
  const row = rowOf("17", { description: "a\tb\r\nc" });
  assert.equal(tsvOf([row], 0).split("\n").length, 2);
  assert.equal(tsvOf([row], 0).split("\n")[1].split("\t")[2], "a b c");
});

test("CSV values are quoted if necessary", () => {
  const row = rowOf("17", { description: 'a, "b"\nc' });
  const csv = csvOf([row], 0);
  assert.ok(csv.startsWith(NAMES.replaceAll(" ", ",") + '\r\n17,SUCCEEDED,"a, ""b""\nc",SPARK,'));
  assert.ok(csv.endsWith("\r\n"));
});

for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"]) {
  test(`a spreadsheet does not read ${JSON.stringify(text)} as a formula`, () => {
    const row = rowOf("17", { description: text });
    assert.equal(csvOf([row], 0).split("\r\n")[1].split(",")[2], "'" + text);
  });
}

test("pasted quotes do not merge cells or hide a formula", () => {
  const row = rowOf("17", { description: '"=1+1"', user: '"' });
  const cells = tsvOf([row], 0).split("\n")[1].split("\t");
  assert.deepEqual([cells[2], cells[4]], ['"""=1+1"""', '""""']);
});
