/** A JobsWidget without a kernel: the packed code, a fake model, and generated jobs. */

import { FakeModel, loadWidget } from "./fake_anywidget.js";

const JOB_TYPES = [
  ["SPARK", "Update Unified Dataset [customers_unified]", 31],
  ["SPARK", "Materialize views [suppliers_%] to Elastic", 18],
  ["SPARK", "Profiling [%] attributes.", 24],
  ["SPARK", "Generate Record Pairs", 46],
  ["SPARK", "Train Mastering Model", 58],
  ["SPARK", "Predict Record Pairs", 66],
  ["SPARK", "Update Clusters", 44],
  ["SPARK", "Publish Clusters", 29],
  ["SPARK", "Update Golden Records", 34],
  ["projectExport", "projectExport with artifact: minimal_mastering_%", 14],
];
const REASONS = [
  "AnalysisException: cannot resolve '`compnay_name_%`' given input columns: [x.name, x.id]; line % pos 7;",
  "SparkException: Job aborted due to stage failure: Task % in stage % failed 4 times",
];
const USERS = ["admin", "carla", "nightly", "priya"];

/** Returns a generator of random numbers, which are the same for the same seed. */
function createRandom(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return seed / 4294967296;
  };
}

/** Rows as the kernel sends them, newest first. */
export function makeJobs(count, now = Date.now(), { seed = 1, every = 1200 } = {}) {
  const random = createRandom(seed);
  const rows = [];
  let created = now - 20000;
  for (let i = 0; i < count; i++) {
    const [type, description, median] =
      JOB_TYPES[Math.floor(random() * random() * JOB_TYPES.length)];
    const queued = 3 + random() * 20;
    const ran = median * (0.7 + 0.6 * random()) * (random() < 0.04 ? 4 : 1);
    const outcome = random();
    const state =
      i < 2
        ? "PENDING"
        : i < 5
          ? "RUNNING"
          : i === 5
            ? "CANCELING"
            : i === 9
              ? "QUARANTINED"
              : outcome < 0.04
                ? "FAILED"
                : outcome < 0.06
                  ? "CANCELED"
                  : "SUCCEEDED";
    const started = created + queued * 1000;
    const ended = /SUCCEEDED|FAILED|CANCELED/.test(state);
    rows.push([
      String(70000 - i),
      state,
      description.replace("%", String(Math.floor(random() * 90))),
      USERS[Math.floor(random() * 4)],
      Math.round(created),
      state === "PENDING" ? null : Math.round(Math.min(started, now - 4000)),
      ended ? Math.round(started + ran * 1000) : null,
      type,
      i < 1000 || !ended ? [median, median * 0.8, median * 1.5, 20] : null,
      state === "PENDING" ? [[95 - 30 * i, 70 - 30 * i, 120 - 30 * i, 25], 4 - i, "69996"] : null,
    ]);
    created -=
      (i < 8 ? 8 : random() < 0.3 ? random() * 10 : -Math.log(random() || 0.5) * every) * 1000;
  }
  // The end of the next success of a description, or true if there is none, false after the newest failure.
  const next = {};
  rows.forEach((row, i) => {
    const [, state, description, , , , ended] = row;
    if (state === "SUCCEEDED") next[description] = ended;
    if (state === "CANCELED") row.push("Cancelled by carla, at step 3 of 8");
    if (state !== "FAILED") return;
    row.push(REASONS[i % 2].replaceAll("%", String(i)), next[description] ?? true);
    next[description] ??= false;
  });
  return rows;
}

const TRAITS = {
  _status: { host: "tamr.example:9100" },
  filter_state: "",
  search: "",
  _selected: [],
  _kept: [],
};

/** Opens a JobsWidget below `main`; the result acts as the kernel. */
export async function openJobs({
  traits = {},
  kernel,
  className = "",
  container = document.querySelector("main"),
} = {}) {
  const { definition, _code } = await loadWidget("jobs/index.js");
  const model = new FakeModel({ ...TRAITS, ...traits, _code }, kernel);
  const cleanUp = await definition.initialize({ model });
  let close = () => {};
  const draw = async () => {
    const el = document.createElement("div");
    el.className = className;
    container.append(el);
    const closeView = await definition.render({ model, el });
    close = () => {
      el.remove();
      return closeView();
    };
  };
  await draw();
  return {
    model,
    receive: (message) => model.trigger("msg:custom", message),
    /** Sends the whole list in parts, as the kernel does. */
    list(rows, { chunk = 1000 } = {}) {
      for (let i = 0; i === 0 || i < rows.length; i += chunk) {
        const reset = i ? {} : { reset: true, total: rows.length };
        this.receive({
          rows: {
            jobs: rows.slice(i, i + chunk),
            gone: [],
            more: i + chunk < rows.length,
            ...reset,
          },
        });
      }
    },
    change: (jobs, gone = []) => model.trigger("msg:custom", { rows: { jobs, gone } }),
    set: (name, value) => model.update(name, value),
    /** Acknowledges all messages. */
    acknowledge() {
      for (const { seq } of model.sent)
        this.receive({ ack: seq, kernel: Date.now(), server: Date.now() });
    },
    sent: (action) => model.sent.filter((message) => !action || message.action === action),
    connection: (change) => model.connection(change),
    async drawAgain() {
      await close();
      await draw();
    },
    /** Resolves after the observers of the page, since observers are called in the order of their creation. */
    measured: () => new Promise((done) => new ResizeObserver(done).observe(container)),
    listeners: () => model.listeners.length,
    async close() {
      await close();
      await cleanUp();
    },
  };
}
Object.assign(globalThis, { makeJobs, openJobs });
