/** Details of a job, which a person opens: its last runs and the full status message. */

import { make, setText } from "../shared/dom.js";
import { between } from "../shared/format.js";
import { createStrip } from "./strip.js";

/** @typedef {import("./store.js").Store} Store */

/**
 * @param {Store} store
 * @param {ReturnType<typeof import("../shared/question.js").createButtons>} view
 * @param {ReturnType<typeof import("./copy-buttons.js").createCopyButtons>["copyButton"]} copyButton
 */
export function createDetails(store, { buttons, button }, copyButton) {
  const pre = make("pre", { tabIndex: 0, role: "region", ariaLabel: "Full message" });
  const strip = createStrip();
  const more = make(
    "div",
    {},
    button("details", "Details", () => store.set({ open: !store.open })),
    copyButton("copy", () => pre.textContent),
  );

  return {
    nodes: [more, strip.node, pre],

    draw() {
      const { message = "", details: text = message.length > 999 && message } = store.facts;
      const { past, state, started_at, ended_at, resolved } = store.facts;
      const now = store.now();
      more.hidden = !text && !past;
      strip.node.hidden = !past || !store.open;
      pre.hidden = buttons.copy.hidden = !text || !store.open;
      buttons.details.ariaExpanded = "" + store.open;
      setText(pre, !pre.hidden && text);
      if (past && store.open)
        strip.draw(past, between(started_at, resolved ? ended_at : now), state ?? "", now);
    },
  };
}
