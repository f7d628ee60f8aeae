import assert from "node:assert/strict";
import { test } from "node:test";
import { load, NOW, wireRow } from "./static.js";

const { createJobs } = await load("jobs/store.js");
const RUNNING = { state: "RUNNING", ended: null };

/** The jobs of a kernel, with the messages to it and the values that were saved. */
function open(rows, traits = {}) {
  const [sent, saved] = [[], {}];
  const jobs = createJobs(
    {
      _status: {},
      _table_state: {},
      _kept: [],
      _selected: [],
      search: "",
      filter_state: "",
      ...traits,
    },
    (action, more) => sent.push({ action, ...more }),
    (name, value) => {
      saved[name] = value;
    },
  );
  if (rows) jobs.applyRows({ jobs: rows, reset: true, total: rows.length });
  return { jobs, sent, saved };
}

/** The array, with a count of how often any of its elements is read. */
function counted(array) {
  const reads = { count: 0 };
  const proxy = new Proxy(array, {
    get(target, name, receiver) {
      if (typeof name === "string" && /^\d+$/.test(name)) reads.count++;
      return Reflect.get(target, name, receiver);
    },
  });
  return [proxy, reads];
}

test("the end of an action reads each job a few times, however many there are", () => {
  const keys = Array.from({ length: 1000 }, (_, n) => "" + n);
  const { jobs } = open(
    keys.map((key) => wireRow(key)),
    { _selected: keys },
  );
  jobs.bulk.requestConfirmation("delete");
  jobs.bulk.confirm(true);
  const [ids, idReads] = counted(jobs.bulk.current.ids);
  const [failed, failedReads] = counted(keys.slice(500).map((key) => [key, "It said 500."]));
  jobs.bulk.current.ids = ids;

  jobs.bulk.updateReport({ action: "delete", done: 1000, of: 1000, failed, over: true });

  assert.deepEqual(jobs.selection.keys, keys.slice(500));
  assert.ok(idReads.count <= 5 * keys.length, `${idReads.count} reads of ids`);
  assert.ok(failedReads.count <= 5 * keys.length, `${failedReads.count} reads of failures`);
});

test("many changes are drawn together if drawing is slow", (t) => {
  const { jobs } = open(Array.from({ length: 1000 }, (_, n) => wireRow("" + n)));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  let drawings = 0;
  jobs.views.add({
    node: {},
    tick() {},
    draw() {
      now += 10;
      drawings++;
    },
  });
  jobs.draw();

  for (let n = 0; n < 400; n++) {
    now += 1;
    jobs.applyRows({ jobs: [], gone: ["" + n] });
    t.mock.timers.tick(1);
  }
  t.mock.timers.tick(100);

  // A drawing of 10 ms is followed by a pause of 40.
  assert.ok(drawings <= 12, `${drawings} drawings`);
  assert.equal(jobs.rows.matching.length, 600);
  jobs.close();
});

test("a change is drawn at once if drawing is fast", (t) => {
  t.mock.method(performance, "now", () => 0);
  const { jobs } = open([wireRow("1")]);
  let drawings = 0;
  jobs.views.add({ node: {}, tick() {}, draw: () => drawings++ });
  jobs.applyRows({ jobs: [wireRow("2")] });
  jobs.applyRows({ jobs: [wireRow("3")] });
  assert.equal(drawings, 2);
});

test("only running jobs can be cancelled, all can be deleted", () => {
  const rows = [
    wireRow("1"),
    wireRow("2", RUNNING),
    wireRow("3", { ...RUNNING, state: "CANCELING" }),
  ];
  const { jobs, sent } = open(rows, { _selected: ["1", "2", "3", "gone"] });
  const keys = (action) => jobs.bulk.targets(action).map(({ key }) => key);
  assert.deepEqual(keys("cancel"), ["2"]);
  assert.deepEqual(keys("delete"), ["1", "2", "3"]);

  jobs.bulk.requestConfirmation("delete");
  jobs.bulk.confirm(false);
  assert.equal(jobs.bulk.current, null);
  jobs.bulk.requestConfirmation("cancel");
  jobs.bulk.confirm(true);
  jobs.bulk.confirm(true);
  assert.deepEqual(sent, [{ action: "cancel_all", ids: ["2"] }]);
});

test("a complete list deselects and collapses removed rows, an incomplete one does not", () => {
  const { jobs, sent, saved } = open(undefined, { _selected: ["7"] });
  jobs.applyRows({ jobs: [wireRow("1"), wireRow("2")] });
  jobs.toggle("1");
  assert.deepEqual(jobs.selection.keys, ["7"]);

  jobs.applyRows({ jobs: [wireRow("2")], reset: true, total: 1 });
  assert.deepEqual(saved._selected, []);
  assert.equal(jobs.opened.size, 0);
  assert.deepEqual(sent, [
    { action: "expand", id: "1" },
    { action: "collapse", id: "1" },
  ]);
  jobs.close();
});

test("the next row becomes active when the active row is removed", () => {
  const { jobs } = open(["1", "2", "3"].map((key) => wireRow(key)));
  Object.assign(jobs.active, { key: "2", index: 1 });
  jobs.applyRows({ jobs: [], gone: ["2"] });
  jobs.draw();
  assert.equal(jobs.active.key, "1");
  jobs.applyRows({ jobs: [], gone: ["1", "3"] });
  jobs.draw();
  assert.equal(jobs.active.key, "");
});

test("a second click on a column reverses the order, some columns start with the largest values", () => {
  const { jobs } = open([wireRow("1")]);
  const clicks = (index, count) =>
    Array.from({ length: count }, () => {
      jobs.sort(index);
      return [jobs.filter.column, jobs.filter.descending];
    });
  assert.deepEqual(clicks(3, 2), [
    ["user", false],
    ["user", true],
  ]);
  assert.deepEqual(clicks(6, 2), [
    ["ran", true],
    ["ran", false],
  ]);
});

test("the clock is the server's, and stops without a kernel", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  const { jobs } = open([wireRow("1")]);
  jobs.acknowledge({ ack: 1, kernel: NOW, server: NOW + 3_600_000 });
  t.mock.timers.tick(1000);
  assert.equal(jobs.now(), NOW + 3_601_000);
  jobs.setConnection(false, "");
  t.mock.timers.tick(5000);
  assert.equal(jobs.now(), NOW + 3_601_000);
});

test("a click on Try again is sent once until it is acknowledged", () => {
  const { jobs, sent } = open([wireRow("1")]);
  jobs.tryAgain();
  jobs.tryAgain();
  assert.deepEqual(sent, [{ action: "wait" }]);
  jobs.acknowledge({ ack: jobs.retry.seq, kernel: NOW, server: NOW });
  jobs.tryAgain();
  assert.equal(sent.length, 2);
});

test("a list is complete with its last part, or if the kernel sends a total of zero", () => {
  const { jobs } = open();
  assert.deepEqual([jobs.complete, jobs.loading], [false, true]);
  jobs.status = { error: "it said 500" };
  assert.equal(jobs.loading, false);
  jobs.status = { total: 0 };
  assert.deepEqual([jobs.complete, jobs.loading], [true, false]);
});

test("a confirmation and an action that was not acknowledged end with the kernel", () => {
  const { jobs, sent } = open([wireRow("17")], { _selected: ["17"] });
  jobs.bulk.requestConfirmation("delete");
  jobs.setConnection(false, "");
  assert.equal(jobs.bulk.current, null);
  jobs.setConnection(true, "");
  jobs.bulk.requestConfirmation("delete");
  jobs.bulk.confirm(true);
  jobs.setConnection(false, "");
  assert.equal(jobs.bulk.running, false);
  assert.equal(sent.filter(({ action }) => action === "delete_all").length, 1);
});

test("an action that the kernel has begun is still reported after a lost connection", () => {
  const { jobs, sent } = open([wireRow("17")], { _selected: ["17"] });
  jobs.bulk.requestConfirmation("delete");
  jobs.bulk.confirm(true);
  jobs.acknowledge({ ack: sent.length, kernel: NOW, server: NOW });
  jobs.setConnection(false, "");
  assert.equal(jobs.bulk.running, true);
  jobs.bulk.updateReport({
    action: "delete",
    done: 1,
    of: 1,
    failed: [],
    not_tried: 0,
    over: true,
  });
  assert.deepEqual(jobs.selection.keys, []);
});

test("a request that detects the loss of the kernel can be repeated", () => {
  const traits = { _status: {}, _table_state: {}, search: "", filter_state: "", _selected: [] };
  const jobs = createJobs(
    traits,
    () => {
      jobs.setConnection(false, "");
      return 1;
    },
    () => {},
  );
  jobs.tryAgain();
  assert.equal(jobs.retry, null);
});
