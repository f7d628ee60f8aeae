import assert from "node:assert/strict";
import { test } from "node:test";
import { load, NOW } from "./static.js";

const { createStore } = await load("operation/store.js");
const FACTS = { id: "17", state: "RUNNING", as_of: NOW };
const HOUR = 3_600_000;
// A browser's name for the global object; here it has no Notification.
globalThis.self = globalThis;

/** A store at NOW; `pass` advances the clock by milliseconds. */
function open(t, facts = FACTS) {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  const sent = [];
  const store = createStore(facts, (action) => sent.push(action));
  return { store, sent, pass: (ms) => t.mock.timers.tick(ms) };
}

for (const ahead of [HOUR, -HOUR]) {
  test(`the clock is the server's, which is wrong by ${ahead} ms`, (t) => {
    const { store, pass } = open(t, { ...FACTS, as_of: NOW + ahead });
    pass(5000);
    assert.equal(store.now(), NOW + ahead + 5000);
    store.acknowledge({ ack: 1, kernel: NOW, server: NOW + ahead + 5000 });
    assert.equal(store.now(), NOW + ahead + 5000);
  });
}

test("the first acknowledgement corrects an old snapshot", (t) => {
  const { store } = open(t, { ...FACTS, as_of: NOW - 50_000 });
  assert.equal(store.now(), NOW - 50_000);
  store.acknowledge({ ack: 1, kernel: NOW, server: NOW });
  assert.equal(store.now(), NOW);
});

test("a difference of a second does not change the clock, one of two seconds does", (t) => {
  const { store } = open(t);
  store.acknowledge({ ack: 1, kernel: NOW, server: NOW });
  store.acknowledge({ ack: 2, kernel: NOW, server: NOW - 1000 });
  assert.equal(store.now(), NOW);
  store.acknowledge({ ack: 3, kernel: NOW, server: NOW - 2000 });
  assert.equal(store.now(), NOW - 2000);
});

test("times of the kernel's clock are converted", (t) => {
  const { store } = open(t);
  store.acknowledge({ ack: 1, kernel: NOW + HOUR, server: NOW });
  assert.equal(store.toLocalTime(NOW + HOUR - 11_000), NOW - 11_000);
});

for (const [name, change] of [
  ["without a kernel", (store) => store.setConnection({ live: false })],
  ["deleted", (store) => store.update({ ...FACTS, deleted: true })],
  ...["gone", "refused", "stopped"].map((kind) => [
    kind,
    (store) => store.update({ ...FACTS, error_kind: kind }),
  ]),
]) {
  test(`the clock stops at the time of the snapshot: ${name}`, (t) => {
    const { store, pass } = open(t);
    change(store);
    pass(30_000);
    assert.equal(store.now(), NOW);
  });
}

test("an action is sent once until its effect arrives", (t) => {
  const { store, sent } = open(t);
  store.sendAction("wait");
  store.sendAction("wait");
  store.acknowledge({ ack: 1, kernel: NOW, server: NOW });
  store.sendAction("wait");
  assert.deepEqual(sent, ["wait"]);
  store.update({ ...FACTS, waiting: true });
  store.sendAction("stop");
  assert.deepEqual(sent, ["wait", "stop"]);
});

test("an acknowledged action without an effect can be sent again after two seconds", (t) => {
  const { store, sent, pass } = open(t);
  store.sendAction("cancel");
  store.acknowledge({ ack: 1, kernel: NOW, server: NOW });
  pass(1999);
  store.tick();
  store.sendAction("cancel");
  pass(1);
  store.tick();
  store.sendAction("cancel");
  assert.deepEqual(sent, ["cancel", "cancel"]);
});

test("an action that is not acknowledged stays pending", (t) => {
  const { store, sent, pass } = open(t);
  store.sendAction("delete");
  pass(HOUR);
  store.tick();
  store.update(FACTS);
  store.sendAction("delete");
  assert.deepEqual(sent, ["delete"]);
});

test("a click is repeated although the clock was set back", (t) => {
  const { store, sent } = open(t);
  store.sendAction("cancel");
  store.acknowledge({ ack: 1, kernel: NOW, server: NOW });
  t.mock.timers.setTime(NOW - HOUR);
  store.tick();
  store.sendAction("cancel");
  assert.deepEqual(sent, ["cancel", "cancel"]);
});

test("a click that was lost with the kernel does not block the next", (t) => {
  const { store, sent } = open(t);
  store.sendAction("wait");
  store.setConnection({ live: false });
  store.setConnection({ live: true });
  store.sendAction("wait");
  assert.deepEqual(sent, ["wait", "wait"]);
});

test("a click that detects the loss of the kernel is not pending", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  const store = createStore(FACTS, () => {
    store.setConnection({ live: false });
    return 1;
  });
  store.sendAction("wait");
  assert.deepEqual(store.sent, {});
});

test("the end is shown if the browser refuses a notification", (t) => {
  const { store } = open(t);
  globalThis.Notification = class {
    static permission = "granted";
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  };
  t.after(() => delete globalThis.Notification);
  store.setDesktop(true);
  store.update({ ...FACTS, state: "SUCCEEDED", resolved: true });
  assert.equal(store.facts.state, "SUCCEEDED");
});
