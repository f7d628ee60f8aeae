/** ChainWidget's entry point. */

import { defineWidget } from "../shared/entry.js";
import { reportValues } from "../shared/values.js";
import { createChain } from "./store.js";
import { createChainView } from "./view.js";

export default defineWidget((model, send) => {
  const chain = createChain(model.get("_chain"), send);
  return {
    trait: "_chain",
    update: chain.update,
    setConnection: chain.setConnection,
    acknowledge: chain.acknowledge,
    tick: chain.tick,
    createView: () => createChainView(chain),
    receive({ panel, facts, collapsed }) {
      if (panel) chain.updatePanel(panel, facts);
      // Another page of this widget has closed a step that is open here.
      else if (collapsed && chain.opened?.name === collapsed) send("expand", { id: collapsed });
    },
    reopen: () => chain.opened && send("expand", { id: chain.opened.name }),
    ...reportValues(model, ["state"]),
  };
});
