import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { createJobTypes, jobTypeOf } = await load("jobs/job-types.js");

test("jobs that differ in names and numbers are of one type", () => {
  const types = ["Profiling [81] attributes.", "Profiling [x] attributes."].map((text) =>
    jobTypeOf("SPARK", text),
  );
  assert.deepEqual(types, ["SPARK Profiling # attributes.", "SPARK Profiling # attributes."]);
  assert.notEqual(jobTypeOf("SPARK", "a"), jobTypeOf("NOOP", "a"));
  assert.equal(jobTypeOf("SPARK", "12 34"), "SPARK 12 34");
});

test("a usual running time needs three runs", () => {
  const jobTypes = createJobTypes();
  for (const seconds of [30, 10]) jobTypes.add("a", seconds);
  assert.equal(jobTypes.usual("a"), undefined);
  jobTypes.add("a", 20);
  assert.deepEqual(jobTypes.usual("a"), { median: 20, high: 20 });
  for (let n = 0; n < 17; n++) jobTypes.add("a", 100);
  assert.deepEqual(jobTypes.usual("a"), { median: 100, high: 100 });
  assert.equal(jobTypes.usual("b"), undefined);
});

test("only the start of a long description counts", () => {
  const { name } = createJobTypes();
  assert.equal(name("SPARK", "a".repeat(300) + "b"), name("SPARK", "a".repeat(300) + "c"));
});
