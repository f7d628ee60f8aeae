/** Opens widgets of one operation or chain, and controls them for a test. */

import { FakeModel, loadWidget } from "./fake_anywidget.js";

let count = 0;
globalThis.widgets = {};

/** Opens a widget and returns its name; `kernel` is the front end's object for it. */
globalThis.openWidget = async (
  facts,
  {
    kernel,
    layout,
    views = 1,
    className = "",
    entry = "operation/index.js",
    trait = "_panel",
  } = {},
) => {
  const { definition, _code } = await loadWidget(entry);
  const traits = { layout: { model_id: "layout", ...layout }, [trait]: facts, _code };
  const model = new FakeModel(traits, kernel);
  const cleanUp = await definition.initialize({ model });
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
    update: (next) => model.update(trait, next),
    /** Acknowledges each message on its own, as the kernel does. */
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
      await cleanUp();
    },
    connection: (change) => model.connection(change),
  });
  for (let i = 1; i < views; i++) widgets[await draw()] = control;
  return name;
};
