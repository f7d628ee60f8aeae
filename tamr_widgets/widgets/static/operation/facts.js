/** Facts of a job, each with its name: who started it, when it ran and what it left. */

import { focusedNear, make } from "../shared/dom.js";
import { between, clockTime, cut, duration } from "../shared/format.js";

/** @typedef {import("./store.js").Store} Store */

/** @param {Store} store @param {HTMLButtonElement} pathButton copies the path of the artifact */
export function createFacts(store, pathButton) {
  const node = make("div", { className: "tamr-facts" });

  let drawnText = "";
  function draw() {
    const { id, type, server, artifact, created_by, created_at, started_at, ended_at, ahead } =
      store.facts;
    const others = ahead ? ahead.count - ahead.names.length : 0;
    const queued = between(created_at, started_at);
    const by = created_by ? "by " + created_by : "";
    const at = created_at ? " at " + clockTime(created_at) : "";
    const rows = [
      ["Id", id],
      ["Type", type],
      ["Server", server],
      ["Started", by + at],
      ["Queued", queued >= 0 && duration(queued)],
      ["Ended", ended_at && clockTime(ended_at)],
      [
        "Ahead",
        ahead &&
          ahead.count > 1 &&
          ahead.names.join(", ") + (others ? " and " + others + " more" : ""),
      ],
      ["Artifact", artifact],
    ]
      .filter((row) => row[1])
      .map(([name, text]) => [name + "", cut(text + "", name === "Artifact" ? 300 : 99)]);
    if (drawnText !== rows.join()) {
      drawnText = rows.join();
      const focusedPath = focusedNear(node) === pathButton;
      node.replaceChildren(
        ...rows.map(([name, value]) =>
          make(
            "div",
            {},
            make("small", {}, name),
            make("span", {}, value),
            ...(name === "Artifact" ? [pathButton] : []),
          ),
        ),
      );
      if (focusedPath) pathButton.focus();
    }
  }

  return { node, draw };
}
