/** As much of anywidget as the widget sees: a model without a kernel, and what becomes of it. */

let count = 0;
globalThis.widgets = {};

/** What a front end tells of its kernel; `comms` are those it says it knows when it is asked, if it is not busy. */
function fakeKernel(kernel) {
  if (kernel?.comms) {
    kernel.asked = 0;
    kernel.requestCommInfo = () => {
      kernel.asked++;
      return kernel.status === "busy" ? new Promise(() => {}) : Promise.resolve({ content: { comms: Object.fromEntries(kernel.comms.map((id) => [id, {}])) } });
    };
  }
  if (kernel) {
    const heard = new Set();
    kernel.statusChanged = { connect: (slot) => heard.add(slot), disconnect: (slot) => heard.delete(slot) };
    kernel.say = (status) => heard.forEach((slot) => slot(kernel, status));
    kernel.listeners = () => heard.size;
  }
  return kernel;
}

class FakeModel {
  constructor(facts, code, kernel, layout, trait) {
    this.traits = { layout: { model_id: "layout", ...layout }, [trait]: facts, _code: new DataView(code) };
    this.listeners = [];
    this.sent = [];
    this.lost = false;
    this.widget_manager = kernel === undefined ? {} : { kernel: fakeKernel(kernel) };
  }
  get(name) { return this.traits[name]; }
  send(message) {
    if (this.lost) throw new Error("Cannot send");
    this.sent.push(message);
  }
  on(name, callback) { this.listeners.push([name, callback]); }
  off(name, callback) {
    this.listeners = this.listeners.filter((one) => one[0] !== name || one[1] !== callback);
  }
  trigger(event, ...details) {
    for (const [name, callback] of [...this.listeners]) if (name === event) callback(...details);
  }
}

/** Opens a widget and returns its name; `kernel` is what the front end tells of it. */
globalThis.openWidget = async (facts, { kernel, layout, views = 1, className = "", entry = "operation/index.js", trait = "_panel" } = {}) => {
  const [module, code] = await Promise.all([
    import("/esm.js"), fetch("/code/" + entry).then((answer) => answer.arrayBuffer())]);
  const model = new FakeModel(facts, code, kernel, layout, trait);
  const definition = typeof module.default === "function" ? await module.default() : module.default;
  const forget = await definition.initialize({ model });
  const closeViews = [];
  let answered = 0;

  const draw = async () => {
    const el = document.createElement("div");
    el.id = "widget" + ++count;
    el.className = className;
    const close = await definition.render({ model, el });
    document.querySelector("main").append(el);
    closeViews.push(() => { el.remove(); return close(); });
    return el.id;
  };
  const name = await draw();
  const control = widgets[name] = {
    update(next) {
      model.traits[trait] = next;
      model.trigger("change:" + trait);
    },
    /** As the kernel does, answers each message on its own. */
    acknowledge({ kernel = Date.now(), server = Date.now() } = {}) {
      for (const { seq } of model.sent.slice(answered)) {
        model.trigger("msg:custom", { ack: seq, kernel, server });
      }
      answered = model.sent.length;
    },
    sent: () => model.sent,
    receive: (message) => model.trigger("msg:custom", message),
    kernel: () => model.widget_manager.kernel,
    listeners: () => model.listeners.length,
    async drawAgain() {
      count--;
      await closeViews.pop()();
      await draw();
    },
    closeView: () => closeViews.pop()(),
    async close() {
      while (closeViews.length) await closeViews.pop()();
      await forget();
    },
    /** Answers the messages with these indices, in this order. */
    answer(indices) {
      for (const i of indices) model.trigger("msg:custom", { ack: model.sent[i].seq, kernel: Date.now(), server: Date.now() });
    },
    connection({ lost, kernel }) {
      if (lost !== undefined) model.lost = lost;
      if (kernel !== undefined) model.widget_manager.kernel = fakeKernel(kernel);
      if (lost) model.trigger("comm_live_update");
    },
  };
  for (let i = 1; i < views; i++) widgets[await draw()] = control;
  return name;
};
