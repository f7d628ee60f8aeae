import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load, NOW } from "./static.js";

const { createChain } = await load("chain/store.js");

function open(steps = [{ name: "a", state: "FAILED", after: [], id: "17" }]) {
  mock.timers.enable({ apis: ["Date"], now: NOW });
  const sent = [];
  let seq = 0;
  const chain = createChain(
    { name: "Nightly", state: "FAILED", steps, as_of: NOW - 60_000 },
    (action, more = {}) => {
      sent.push({ action, ...more });
      return ++seq;
    },
  );
  return { chain, sent };
}
const withTimersReset = (body) => () => {
  try {
    body();
  } finally {
    mock.timers.reset();
  }
};

test(
  "an action is sent once until it has an effect",
  withTimersReset(() => {
    const { chain, sent } = open();
    chain.ask("resume");
    assert.equal(chain.asking, "resume");
    chain.sendAction("resume");
    chain.sendAction("resume");
    assert.deepEqual(sent, [{ action: "resume" }]);
    assert.equal(chain.asking, "");
    chain.acknowledge({ ack: 1, kernel: NOW, server: NOW });
    chain.update({ ...chain.facts, state: "RUNNING" });
    assert.equal(chain.sent, null);
  }),
);

test(
  "an action without an effect can be repeated two seconds after it arrived",
  withTimersReset(() => {
    const { chain } = open();
    chain.sendAction("stop");
    chain.acknowledge({ ack: 1, kernel: NOW, server: NOW });
    mock.timers.tick(2000);
    chain.tick();
    assert.equal(chain.sent, null);
  }),
);

test(
  "one step is expanded at a time, and only a step with an operation",
  withTimersReset(() => {
    const steps = ["a", "b"].map((name, i) => ({
      name,
      state: "SUCCEEDED",
      after: [],
      id: "" + i,
    }));
    const { chain, sent } = open([...steps, { name: "c", state: "WAITING", after: [] }]);
    for (const step of [...steps, chain.facts.steps[2]]) chain.toggle(step);
    assert.equal(chain.opened, null);
    assert.deepEqual(sent, [
      { action: "expand", id: "a" },
      { action: "collapse", id: "a" },
      { action: "expand", id: "b" },
      { action: "collapse", id: "b" },
    ]);
  }),
);

test(
  "actions of a step's panel have the name of the step",
  withTimersReset(() => {
    const { chain, sent } = open();
    chain.toggle(chain.facts.steps[0]);
    chain.opened.store.sendAction("delete");
    assert.deepEqual(sent.at(-1), { action: "delete", id: "a" });
  }),
);

test(
  "without a kernel the clock stops at the time of the last snapshot",
  withTimersReset(() => {
    const { chain } = open();
    chain.acknowledge({ ack: 0, kernel: NOW, server: NOW + 5000 });
    assert.equal(chain.now(), NOW + 5000);
    chain.setConnection({ live: false, waiting: "" });
    assert.equal(chain.now(), NOW - 60_000);
  }),
);

test(
  "a lost kernel ends confirmations and pending actions",
  withTimersReset(() => {
    const { chain, sent } = open();
    chain.sendAction("stop");
    chain.ask("cancel");
    chain.setConnection({ live: false, waiting: "" });
    assert.equal(chain.asking, "");
    chain.setConnection({ live: true, waiting: "" });
    chain.sendAction("cancel");
    assert.deepEqual(sent, [{ action: "stop" }, { action: "cancel" }]);
  }),
);

test(
  "a click that detects the loss of the kernel is not pending",
  withTimersReset(() => {
    const { facts } = open().chain;
    const chain = createChain(facts, () => {
      chain.setConnection({ live: false, waiting: "" });
      return 1;
    });
    chain.sendAction("resume");
    assert.equal(chain.sent, null);
  }),
);

test(
  "an action can be repeated although the clock was set back",
  withTimersReset(() => {
    const { chain } = open();
    chain.sendAction("stop");
    chain.acknowledge({ ack: 1, kernel: NOW, server: NOW });
    mock.timers.setTime(NOW - 3_600_000);
    chain.tick();
    assert.equal(chain.sent, null);
  }),
);
