import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { createJobTypes, failureTemplate, jobTypeOf } = await load("jobs/job-types.js");

test("jobs that differ in names and numbers are of one type", () => {
  const types = ["Profiling [81] attributes.", "Profiling [x] attributes."].map((text) =>
    jobTypeOf("SPARK", text),
  );
  assert.deepEqual(types, ["SPARK Profiling # attributes.", "SPARK Profiling # attributes."]);
  assert.notEqual(jobTypeOf("SPARK", "a"), jobTypeOf("NOOP", "a"));
  assert.equal(jobTypeOf("SPARK", "12 34"), "SPARK 12 34");
});

test("the usual time of a type is that of its latest job", () => {
  const jobTypes = createJobTypes();
  jobTypes.add("a", 2000, [20, 15, 30, 5]);
  jobTypes.add("a", 1000, [10, 5, 20, 4]);
  assert.deepEqual(jobTypes.usual("a"), [20, 15, 30, 5]);
  assert.equal(jobTypes.usual("b"), undefined);
});

test("only the start of a long description counts", () => {
  const { name } = createJobTypes();
  assert.equal(name("SPARK", "a".repeat(300) + "b"), name("SPARK", "a".repeat(300) + "c"));
});

test("reasons that differ in names and numbers are the same failure", () => {
  const reasons = [
    "cannot resolve '`a_1`' given: [x.y]; line 3 pos 7;",
    "cannot resolve '`b`' given: [z]; line 12 pos 9;",
  ];
  assert.equal(failureTemplate(reasons[0]), failureTemplate(reasons[1]));
  assert.notEqual(
    failureTemplate("SparkException: out of memory"),
    failureTemplate("SparkException: no space left"),
  );
  assert.equal(failureTemplate(""), "");
});
