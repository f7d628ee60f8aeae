import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./static.js";

const { connect } = await load("shared/channel.js");
const [OWN_COMM, OTHER_COMM] = [["layout"], ["another"]];
const SILENT = "The kernel does not answer; it may be busy with a cell.";

/** A kernel with `comms`; without them, it cannot be queried. */
function createKernel(status, comms, connectionStatus) {
  const slots = new Set();
  const kernel = {
    status,
    connectionStatus,
    queries: 0,
    slots,
    statusChanged: { connect: (slot) => slots.add(slot), disconnect: (slot) => slots.delete(slot) },
    change(next) {
      kernel.status = next;
      for (const slot of slots) slot(kernel, next);
    },
  };
  if (comms) {
    kernel.requestCommInfo = () => {
      kernel.queries++;
      const content = { comms: Object.fromEntries(comms.map((id) => [id, {}])) };
      return kernel.status === "busy" ? new Promise(() => {}) : Promise.resolve({ content });
    };
  }
  return kernel;
}

/** A connection of a model; `pass` simulates seconds in which a view is visible. */
function open(kernel, layout = {}) {
  const model = {
    sent: [],
    lost: false,
    widget_manager: kernel === undefined ? {} : { kernel },
    get: () => ({ model_id: "layout", ...layout }),
    send(message) {
      if (model.lost) throw new Error("Cannot send");
      model.sent.push(message);
    },
  };
  const state = { live: true, waiting: "" };
  const connection = connect(model, (change) => Object.assign(state, change));
  const actions = () => model.sent.map(({ action }) => action);
  connection.send("subscribe");
  return {
    ...connection,
    model,
    state,
    actions,
    acknowledge: () => connection.markAlive(model.sent.at(-1).seq),
    async pass(seconds) {
      for (let n = 0; n < seconds; n++) {
        connection.check(true);
        // The list of comms arrives within the second.
        await new Promise((done) => setImmediate(done));
      }
    },
  };
}

for (const [name, kernel, layout] of [
  ["no kernel", null],
  ["a saved model", createKernel("idle"), { comm_live: false }],
  ["a dead kernel", createKernel("dead")],
  ["a terminating kernel", createKernel("terminating")],
  ["a restarting kernel", createKernel("restarting")],
  ["a kernel that restarts by itself", createKernel("autorestarting")],
  ["a connection that was closed", createKernel("idle", OWN_COMM, "disconnected")],
]) {
  test(`lost at once: ${name}`, async () => {
    const page = open(kernel, layout);
    await page.pass(1);
    assert.equal(page.state.live, false);
  });
}

for (const [name, kernel, waiting] of [
  ["an idle kernel that cannot be queried", createKernel("idle"), SILENT],
  ["a kernel with the widget's comm", createKernel("idle", OWN_COMM), SILENT],
  ["a busy kernel", createKernel("busy"), "Waiting for the kernel: a cell is running."],
  [
    "a busy kernel without the widget's comm",
    createKernel("busy", OTHER_COMM),
    "Waiting for the kernel: a cell is running.",
  ],
  [
    "a connection that is being restored",
    createKernel("idle", undefined, "connecting"),
    "Waiting for the connection to the kernel.",
  ],
  ["a front end without information on its kernel", undefined, SILENT],
]) {
  test(`not lost after an hour without a message: ${name}`, async () => {
    const page = open(kernel);
    await page.pass(3600);
    assert.deepEqual(page.state, { live: true, waiting });
  });
}

test("a silent kernel without the widget's comm is lost", async () => {
  const page = open(createKernel("idle", OTHER_COMM));
  await page.pass(4);
  assert.equal(page.state.live, true);
  await page.pass(2);
  assert.equal(page.state.live, false);
});

test("a busy kernel is queried once", async () => {
  const kernel = createKernel("busy", OTHER_COMM);
  await open(kernel).pass(60);
  assert.equal(kernel.queries, 1);
});

test("widgets of one kernel share a query", async () => {
  const kernel = createKernel("busy", OWN_COMM);
  const pages = [open(kernel), open(kernel)];
  for (const page of pages) await page.pass(6);
  assert.equal(kernel.queries, 1);
});

for (const [comms, live] of [
  [OTHER_COMM, false],
  [OWN_COMM, true],
]) {
  test(`a kernel that starts is queried at once: live is ${live}`, async () => {
    const kernel = createKernel("idle", comms);
    const page = open(kernel);
    await page.pass(1);
    page.acknowledge();
    kernel.change("starting");
    await page.pass(1);
    assert.equal(page.state.live, live);
    assert.deepEqual(page.actions(), ["subscribe", "subscribe"]);
    page.close();
    assert.equal(kernel.slots.size, 0);
  });
}

test("a new kernel is subscribed to, and is alive with its first message", async () => {
  const page = open(createKernel("dead"));
  await page.pass(3);
  page.model.widget_manager.kernel = createKernel("idle");
  await page.pass(1);
  assert.deepEqual(page.actions(), ["subscribe", "subscribe"]);
  assert.equal(page.state.live, false);
  page.acknowledge();
  assert.equal(page.state.live, true);
});

test("any message shows that the kernel is alive", async () => {
  const page = open(createKernel("idle", OTHER_COMM));
  await page.pass(10);
  assert.equal(page.state.live, false);
  page.markAlive();
  assert.equal(page.state.live, true);
});

test("the latest of several acknowledgements counts, in any order", async () => {
  const page = open(createKernel("idle"));
  page.send("subscribe");
  const [first, second] = page.model.sent;
  page.markAlive(second.seq);
  await page.pass(10);
  page.markAlive(first.seq);
  await page.pass(20);
  assert.deepEqual(page.state, { live: true, waiting: "" });
});

test("a kernel that sends, but acknowledges nothing, may be busy", async () => {
  const page = open(createKernel("idle"));
  for (let n = 0; n < 10; n++) {
    await page.pass(1);
    page.markAlive();
  }
  assert.equal(page.state.waiting, "Waiting for the kernel; it may be busy with a cell.");
  page.acknowledge();
  assert.equal(page.state.waiting, "");
});

test("a message that cannot be sent shows that the kernel is lost", () => {
  const page = open(createKernel("idle"));
  page.model.lost = true;
  page.send("wait");
  assert.equal(page.state.live, false);
});

test("messages of all widgets have different numbers", () => {
  const [first, second] = [open(), open()];
  first.send("wait");
  const numbers = [...first.model.sent, ...second.model.sent].map(({ seq }) => seq);
  assert.equal(new Set(numbers).size, 3);
});

test("a visible page reports so each minute, a hidden one does not", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const page = open(createKernel("idle"));
  const visible = () => page.actions().filter((action) => action === "visible").length;
  t.mock.timers.tick(59_000);
  await page.pass(1);
  assert.equal(visible(), 0);
  t.mock.timers.tick(1000);
  await page.pass(2);
  assert.equal(visible(), 1);
  t.mock.timers.tick(200_000);
  page.check(false);
  assert.equal(visible(), 1);
});

test("acknowledgements of another page's messages do not count", async () => {
  const page = open(createKernel("idle"));
  const { seq } = page.model.sent[0];
  for (const another of [1, seq + 1, seq + 1000, Number.MAX_SAFE_INTEGER]) page.markAlive(another);
  assert.ok(seq > 2 ** 20 && Number.isSafeInteger(seq));
  await page.pass(10);
  assert.equal(page.state.waiting, "Waiting for the kernel; it may be busy with a cell.");
});

test("a page whose clock is set back still reports that it is visible", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 7_200_000 });
  const page = open(createKernel("idle"));
  t.mock.timers.setTime(3_600_000);
  await page.pass(1);
  assert.deepEqual(page.actions(), ["subscribe", "visible"]);
});

test("a query whose response was lost with the connection is repeated", async () => {
  const kernel = createKernel("busy", OTHER_COMM);
  const page = open(kernel);
  await page.pass(6);
  kernel.connectionStatus = "disconnected";
  await page.pass(1);
  Object.assign(kernel, { status: "idle", connectionStatus: "connected" });
  await page.pass(1);
  page.markAlive();
  await page.pass(6);
  assert.equal(kernel.queries, 2);
  assert.equal(page.state.live, false);
});

test("a kernel that refuses a query is not lost", async () => {
  const kernel = createKernel("idle");
  kernel.requestCommInfo = () => {
    throw new Error("Kernel is disposed");
  };
  const page = open(kernel);
  await page.pass(10);
  assert.deepEqual(page.state, { live: true, waiting: SILENT });
});
