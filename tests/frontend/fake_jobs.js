/** A JobsWidget without a kernel: the packed code, a fake model, and made-up jobs. */

const KINDS = [
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
const USERS = ["admin", "carla", "nightly", "priya"];

/** The same numbers every time. */
function dice(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return seed / 4294967296;
  };
}

/** Rows as the wire has them, newest first. */
export function makeJobs(count, now = Date.now(), { seed = 1, every = 1200 } = {}) {
  const random = dice(seed);
  const rows = [];
  let created = now - 20000;
  for (let i = 0; i < count; i++) {
    const [type, description, median] = KINDS[Math.floor(random() * random() * KINDS.length)];
    const queued = 3 + random() * 20;
    const ran = median * (0.7 + 0.6 * random()) * (random() < 0.04 ? 4 : 1);
    const fate = random();
    const state =
      i < 2
        ? "PENDING"
        : i < 5
          ? "RUNNING"
          : i === 5
            ? "CANCELING"
            : i === 9
              ? "QUARANTINED"
              : fate < 0.04
                ? "FAILED"
                : fate < 0.06
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
  return rows;
}

/** A kernel as a front end has it; it lists `comms` on request, unless it is busy. */
function fakeKernel(kernel) {
  if (kernel?.comms) {
    const content = { comms: Object.fromEntries(kernel.comms.map((id) => [id, {}])) };
    kernel.requestCommInfo = () =>
      kernel.status === "busy" ? new Promise(() => {}) : Promise.resolve({ content });
  }
  return kernel;
}

class FakeModel {
  constructor(traits, kernel) {
    this.traits = {
      layout: { model_id: "layout" },
      _status: { host: "http://tamr.example:9100" },
      filter_state: "",
      search: "",
      _selected: [],
      _kept: [],
      ...traits,
    };
    this.listeners = [];
    this.sent = [];
    this.saved = 0;
    this.lost = false;
    this.widget_manager = kernel === undefined ? {} : { kernel: fakeKernel(kernel) };
  }
  get(name) {
    return this.traits[name];
  }
  set(name, value) {
    this.traits[name] = value;
  }
  save_changes() {
    this.saved++;
  }
  send(message) {
    if (this.lost) throw new Error("Cannot send");
    this.sent.push(message);
  }
  on(name, callback) {
    this.listeners.push([name, callback]);
  }
  off(name, callback) {
    this.listeners = this.listeners.filter((one) => one[0] !== name || one[1] !== callback);
  }
  trigger(event, ...details) {
    for (const [name, callback] of [...this.listeners]) if (name === event) callback(...details);
  }
}

/** Opens a JobsWidget below `main`; the result acts as the kernel. */
export async function openJobs({
  traits = {},
  kernel,
  className = "",
  home = document.querySelector("main"),
} = {}) {
  const [module, code] = await Promise.all([
    import("/esm.js"),
    fetch("/code/jobs/index.js").then((response) => response.arrayBuffer()),
  ]);
  const model = new FakeModel({ ...traits, _code: new DataView(code) }, kernel);
  const definition = module.default();
  const forget = await definition.initialize({ model });
  let close = () => {};
  const draw = async () => {
    const el = document.createElement("div");
    el.className = className;
    home.append(el);
    const closeView = await definition.render({ model, el });
    close = () => {
      el.remove();
      return closeView();
    };
  };
  await draw();
  return {
    model,
    say: (message) => model.trigger("msg:custom", message),
    /** The whole list, in pieces as the kernel sends it. */
    list(rows, { chunk = 1000 } = {}) {
      for (let i = 0; i === 0 || i < rows.length; i += chunk) {
        const reset = i ? {} : { reset: true, total: rows.length };
        this.say({
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
    set(name, value) {
      model.traits[name] = value;
      model.trigger("change:" + name);
    },
    /** Acknowledges all messages. */
    acknowledge() {
      for (const { seq } of model.sent)
        this.say({ ack: seq, kernel: Date.now(), server: Date.now() });
    },
    sent: (action) => model.sent.filter((message) => !action || message.action === action),
    connection({ lost, kernel: next }) {
      if (lost !== undefined) model.lost = lost;
      if (next !== undefined) model.widget_manager.kernel = fakeKernel(next);
      if (lost) model.trigger("comm_live_update");
    },
    async drawAgain() {
      await close();
      await draw();
    },
    /** Resolves when the page has measured itself; observers are called in the order of their creation. */
    measured: () => new Promise((done) => new ResizeObserver(done).observe(home)),
    listeners: () => model.listeners.length,
    async close() {
      await close();
      await forget();
    },
  };
}
Object.assign(globalThis, { makeJobs, openJobs });
