/** OperationWidget's entry point. */

import { defineWidget } from "../shared/entry.js";
import { reportValues } from "../shared/values.js";
import { createPanel } from "./panel.js";
import { createStore } from "./store.js";

export default defineWidget((model, send) => {
  const store = createStore(model.get("_panel"), send);
  return {
    trait: "_panel",
    update: store.update,
    setConnection: store.setConnection,
    acknowledge: store.acknowledge,
    tick: store.tick,
    createView: () => createPanel(store),
    ...reportValues(model, ["state", "resolved", "progress"]),
  };
});
