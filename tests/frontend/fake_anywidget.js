/** The part of anywidget that the widgets use: a model without a kernel. */

/** A front end's object for a kernel; it returns `comms` on request, unless it is busy. */
function fakeKernel(kernel) {
  if (kernel?.comms) {
    const content = { comms: Object.fromEntries(kernel.comms.map((id) => [id, {}])) };
    kernel.requestCommInfo = () =>
      kernel.status === "busy" ? new Promise(() => {}) : Promise.resolve({ content });
  }
  return kernel;
}

export class FakeModel {
  constructor(traits, kernel) {
    this.traits = { layout: { model_id: "layout" }, ...traits };
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
    this.listeners = this.listeners.filter((each) => each[0] !== name || each[1] !== callback);
  }
  trigger(event, ...details) {
    for (const [name, callback] of [...this.listeners]) if (name === event) callback(...details);
  }
  /** Changes a trait, as the kernel does. */
  update(name, value) {
    this.set(name, value);
    this.trigger("change:" + name);
  }
  /** Changes the front end's connection to the kernel; `reported` is whether the front end says so. */
  connection({ lost, kernel, reported = true }) {
    if (lost !== undefined) this.lost = lost;
    if (kernel !== undefined) this.widget_manager.kernel = fakeKernel(kernel);
    if (lost && reported) this.trigger("comm_live_update");
  }
}

/** Returns the definition of a widget, and its code as the value of the trait. */
export async function loadWidget(entry) {
  const [module, code] = await Promise.all([
    import("/esm.js"),
    fetch("/code/" + entry).then((response) => response.arrayBuffer()),
  ]);
  return { definition: module.default(), _code: new DataView(code) };
}
