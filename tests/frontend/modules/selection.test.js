import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { createSelection } = await load("jobs/table/selection.js");
const ROWS = ["a", "b", "c", "d", "e"].map((key, index) => ({ key, index }));
const [A, B, C, D, E] = ROWS;

test("a toggle selects and deselects", () => {
  const selection = createSelection(["a"]);
  selection.toggle("b");
  selection.toggle("a");
  assert.deepEqual(selection.keys, ["b"]);
  assert.ok(selection.has("b"));
  assert.equal(selection.size, 1);
});

test("a range begins at the row that was selected last, and a new end replaces the old one", () => {
  const selection = createSelection(["e"]);
  selection.toggle("b");
  selection.extend(ROWS, D);
  assert.deepEqual(selection.keys.toSorted(), ["b", "c", "d", "e"]);
  selection.extend(ROWS, A);
  assert.deepEqual(selection.keys.toSorted(), ["a", "b", "e"]);
  selection.extend(ROWS, C);
  assert.deepEqual(selection.keys.toSorted(), ["b", "c", "e"]);
});

test("a range without a first row is one row, at which the next range begins", () => {
  const selection = createSelection([]);
  selection.extend(ROWS, C);
  assert.deepEqual(selection.keys, ["c"]);
  selection.extend(ROWS, E);
  assert.deepEqual(selection.keys, ["c", "d", "e"]);
});

test("toggleAll selects all rows, or none if all are selected", () => {
  const selection = createSelection(["b"]);
  selection.toggleAll([A, B, C]);
  assert.deepEqual(selection.keys.toSorted(), ["a", "b", "c"]);
  selection.toggleAll([A, B, C]);
  assert.deepEqual(selection.keys, []);
});

test("removed rows are deselected, and replace sets the selection", () => {
  const selection = createSelection(["a", "b", "c"]);
  selection.keep((key) => key !== "b");
  assert.deepEqual(selection.keys, ["a", "c"]);
  selection.replace(selection.keys.slice(1));
  assert.deepEqual(selection.keys, ["c"]);
});

for (const [name, change] of [
  ["replace", (selection) => selection.replace(ROWS.map(({ key }) => key))],
  ["toggleAll", (selection) => selection.toggleAll(ROWS)],
]) {
  test(`the next range deselects no row of a range that ${name} has selected`, () => {
    const selection = createSelection([]);
    selection.toggle("a");
    selection.extend(ROWS, D);
    change(selection);
    selection.extend(ROWS, B);
    assert.deepEqual(selection.keys.toSorted(), ["a", "b", "c", "d", "e"]);
  });
}
