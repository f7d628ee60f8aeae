/** The part of anywidget that the widget uses: a model without a kernel. */

let count = 0;
globalThis.widgets = {};

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
  constructor(facts, code, kernel, layout, trait) {
    this.traits = {
      layout: { model_id: "layout", ...layout },
      [trait]: facts,
      _code: new DataView(code),
    };
    this.listeners = [];
    this.sent = [];
    this.lost = false;
    this.widget_manager = kernel === undefined ? {} : { kernel: fakeKernel(kernel) };
  }
  get(name) {
    return this.traits[name];
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

/** Opens a widget and returns its name; `kernel` is the front end's object for it. */
globalThis.openWidget = async (
  facts,
  { kernel, layout, views = 1, className = "", entry = "operation/index.js", trait = "_panel" } = {},
) => {
  const [module, code] = await Promise.all([
    import("/esm.js"),
    fetch("/code/" + entry).then((response) => response.arrayBuffer()),
  ]);
  const model = new FakeModel(facts, code, kernel, layout, trait);
  const definition = typeof module.default === "function" ? await module.default() : module.default;
  const forget = await definition.initialize({ model });
  const closeViews = [];
  let acknowledged = 0;

  const draw = async () => {
    const el = document.createElement("div");
    el.id = "widget" + ++count;
    el.className = className;
    const close = await definition.render({ model, el });
    document.querySelector("main").append(el);
    closeViews.push(() => {
      el.remove();
      return close();
    });
    return el.id;
  };
  const name = await draw();
  const control = (widgets[name] = {
    update(next) {
      model.traits[trait] = next;
      model.trigger("change:" + trait);
    },
    /** As the kernel does, acknowledges each message on its own. */
    acknowledge({ kernel = Date.now(), server = Date.now() } = {}) {
      for (const { seq } of model.sent.slice(acknowledged)) {
        model.trigger("msg:custom", { ack: seq, kernel, server });
      }
      acknowledged = model.sent.length;
    },
    sent: () => model.sent,
    receive: (message) => model.trigger("msg:custom", message),
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
    connection({ lost, kernel }) {
      if (lost !== undefined) model.lost = lost;
      if (kernel !== undefined) model.widget_manager.kernel = fakeKernel(kernel);
      if (lost) model.trigger("comm_live_update");
    },
  });
  for (let i = 1; i < views; i++) widgets[await draw()] = control;
  return name;
};
