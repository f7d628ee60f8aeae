import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load, NOW } from "./static.js";

const { clockTime, cut, describe, duration, timeOf } = await load("shared/format.js");
const DURATIONS = JSON.parse(
  readFileSync(new URL("../../durations.json", import.meta.url), "utf-8"),
);

test("durations have at most two units, as in Python", () => {
  for (const [seconds, text] of DURATIONS) assert.equal(duration(seconds ?? NaN), text);
  assert.equal(duration(Infinity), "");
});

test("a long text is cut", () => {
  assert.equal(cut("x".repeat(10), 10), "x".repeat(10));
  assert.equal(cut("x".repeat(11), 10), "x".repeat(10) + "…");
  assert.equal(cut("x".repeat(1e6)).length, 1000);
  assert.equal(cut(), "");
});

test("states have labels, unknown ones the server's text", () => {
  const labels = {
    CANCELING: "Cancelling",
    QUARANTINED: "QUARANTINED",
    constructor: "constructor",
    "": "State not known",
  };
  for (const [state, label] of Object.entries(labels)) assert.equal(describe(state)[0], label);
  assert.equal(describe(undefined)[0], "State not known");
});

test("each state has a unique shape, unknown ones share one", () => {
  const known = [
    "PENDING",
    "RUNNING",
    "CANCELING",
    "SUCCEEDED",
    "FAILED",
    "CANCELED",
    "QUARANTINED",
  ];
  assert.equal(new Set(known.map((state) => describe(state)[1])).size, known.length);
  assert.equal(describe("QUARANTINED")[1], describe("constructor")[1]);
});

test("only a time within the calendar's range is valid", () => {
  for (const time of [0, -1, 8.64e15, -62_135_596_800_000]) assert.equal(timeOf(time), time);
  for (const time of [8.65e15, 1e300, NaN, Infinity, "2021", [], {}, null, undefined])
    assert.equal(timeOf(time), null);
});

test("a time of another day has its date", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  const day = (time) => new Date(time).toLocaleDateString([], { dateStyle: "medium" });
  assert.equal(clockTime(NOW), new Date(NOW).toLocaleTimeString());
  assert.ok(clockTime(NOW - 86_400_000).startsWith(day(NOW - 86_400_000)));
  assert.equal(clockTime(8.65e15), "");
});

test("a text is not cut within a character", () => {
  assert.equal(cut("ab😀", 3), "ab…");
  assert.equal(cut("ab😀", 4), "ab😀");
});

test("a name does not reorder the text around it", () => {
  assert.equal(cut("\u202enimda\u2066 \u05d0"), "nimda \u05d0");
});
