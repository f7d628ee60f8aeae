import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { reportValues } = await load("shared/values.js");

/** A model with a state; `saved` counts the messages to the kernel. */
function open(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = { saved: 0, get: () => "RUNNING", set() {}, save_changes: () => model.saved++ };
  return { model, ...reportValues(model, ["state", "resolved"]) };
}

test("values that change together are sent together, once", (t) => {
  const { model, listeners } = open(t);
  listeners["change:state"]();
  listeners["change:resolved"]();
  t.mock.timers.tick(50);
  assert.equal(model.saved, 1);
});

test("nothing is sent for a model that is closed", (t) => {
  const { model, listeners, close } = open(t);
  listeners["change:state"]();
  close();
  t.mock.timers.tick(50);
  assert.equal(model.saved, 0);
});
