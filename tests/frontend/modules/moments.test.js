import assert from "node:assert/strict";
import { test } from "node:test";
import { load, NOW } from "./static.js";

const { dayOf, hourOf, moment } = await load("jobs/timeline/moments.js");

test("times of today, of this year, and of another year", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  const [yesterday, lastYear] = [NOW - 86_400_000, NOW - 40 * 86_400_000];
  assert.equal(moment(NOW), hourOf(NOW));
  assert.equal(moment(yesterday), dayOf(yesterday) + ", " + hourOf(yesterday));
  assert.match(moment(lastYear), /2020/);
});
