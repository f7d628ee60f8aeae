/** View of a chain: its steps, when all will be done, and its actions. */

import { createPanel } from "../operation/panel.js";
import { focusedNear, make, makeIcon, plural, setText } from "../shared/dom.js";
import { clockTime, cut } from "../shared/format.js";
import { CHAIN_ENDED, createChainActions } from "./actions.js";
import { forecast } from "./forecast.js";
import { createStep, describeStep } from "./step.js";
import { CHAIN_CSS } from "./styles.js";

/** @typedef {import("./store.js").ChainStore} ChainStore */

/** Label and icon shape of the states that only chains have. @type {Record<string, string[]>} */
const CHAIN_STATES = {
  WAITING: ["Not started", "M8 2a6 6 0 1 0 .1 0"],
  STOPPING: ["Stopping after this step", "M8 2a6 6 0 1 0 .1 0M5 8h6"],
  STOPPED: ["Stopped", "M8 2a6 6 0 1 0 .1 0M6 6h4v4h-4z"],
};

/** Time of day to the minute, with the day unless it is today. @param {number} ms */
function minute(ms) {
  const date = new Date(ms);
  const day = date.toDateString() === new Date().toDateString() ? undefined : "medium";
  return date.toLocaleString([], {
    dateStyle: /** @type {"medium" | undefined} */ (day),
    timeStyle: "short",
  });
}

/** @param {ChainStore} chain */
export function createChainView(chain) {
  const { icon, draw: drawShape } = makeIcon();
  const [offline, why] = [make("p"), make("p")];
  const word = make("span");
  const [count, hint] = [make("small"), make("small")];
  const title = make("b");
  const list = make("ol", { ariaLabel: "Steps" });
  const place = make("div", { className: "place" });
  const announcement = make("div", { role: "status" });
  /** @type {ReturnType<typeof createStep>[]} */
  const steps = [];
  /** @type {{store: import("../operation/store.js").Store, panel: ReturnType<typeof createPanel>} | null} */
  let shown = null;

  const actions = createChainActions(chain, () => list.querySelector("button")?.focus());
  const node = make(
    "div",
    { className: "tamr tamr-chain", role: "group" },
    offline,
    make("div", {}, make("span", {}, icon, word), title, count),
    hint,
    list,
    why,
    place,
    ...actions.nodes,
    announcement,
    make("style", {}, CHAIN_CSS),
  );

  const focused = () => /** @type {HTMLButtonElement} */ (focusedNear(node));

  function drawHead() {
    const { name, state, steps: all, as_of, recorded } = chain.facts;
    const [label, shape] = Object.hasOwn(CHAIN_STATES, state)
      ? CHAIN_STATES[state]
      : describeStep(state);
    const done = all.filter((step) => step.state === "SUCCEEDED").length;
    drawShape(shape);
    node.dataset.state = state;
    node.ariaLabel = "Chain" + (name ? ": " + cut(name, 200) : "");
    setText(word, label);
    setText(title, cut(name || "Chain", 200));
    setText(
      count,
      recorded
        ? plural(all.length, "step")
        : CHAIN_ENDED.includes(state) || state === "WAITING"
          ? done + " of " + plural(all.length, "step") + " done"
          : "step " + Math.min(done + 1, all.length) + " of " + all.length,
    );
    setText(
      offline,
      chain.live
        ? chain.waiting
        : "No kernel is connected: this is how it was" +
            (as_of ? " at " + clockTime(as_of) : "") +
            ".",
    );
  }

  function drawForecast() {
    const { state, steps: all, at_once, recorded } = chain.facts;
    const now = chain.now();
    const end =
      chain.live && !recorded && state === "RUNNING" ? forecast(all, at_once ?? 1, now) : undefined;
    // The page's own clock, since people compare it with theirs.
    const at = (/** @type {number} */ seconds) => minute(Date.now() + 1000 * seconds);
    setText(
      hint,
      end &&
        "All done at about " +
          at(end.median) +
          " (" +
          at(end.low) +
          " to " +
          at(end.high) +
          ") · estimate",
    );
  }

  function drawSteps() {
    const { steps: all } = chain.facts;
    // A recorded chain grows, which must not take the focus away from a step.
    while (steps.length > all.length) steps.pop()?.node.remove();
    while (steps.length < all.length) {
      steps.push(createStep(chain, steps.length));
      list.append(steps[steps.length - 1].node);
    }
    steps.forEach((step, i) => step.draw(all[i]));
    const reasons = all
      .filter((step) => step.why && step.state !== "BLOCKED")
      .map(
        ({ name, why: reason, holds_up = [] }) =>
          cut(name, 80) +
          ": " +
          cut(reason, 400) +
          (holds_up.length ? " · holds up " + cut(holds_up.join(", "), 200) : ""),
      );
    setText(why, reasons.join("\n"));
  }

  function drawPanel() {
    const store = chain.opened?.store ?? null;
    if (shown?.store === store) return;
    shown?.panel.destroy();
    place.replaceChildren();
    shown = store && { store, panel: createPanel(store) };
    if (shown) place.append(shown.panel.node);
  }

  /** @type {string[]} */
  let states = [];
  function announceSteps() {
    const all = chain.facts.steps;
    const next = all.map(({ state }) => state);
    const ended = all.filter(
      ({ state }, i) =>
        states[i] && states[i] !== state && /SUCCEEDED|FAILED|CANCELED|UNKNOWN/.test(state),
    );
    // Emptied by other changes, so that a second failure of a step is announced like the first.
    if (next.join() !== states.join())
      setText(
        announcement,
        ended.map(({ name, state }) => cut(name, 80) + ": " + describeStep(state)[0]).join(", "),
      );
    states = next;
  }

  function draw() {
    drawHead();
    drawForecast();
    drawSteps();
    drawPanel();
    actions.draw();
    announceSteps();
  }
  draw();
  const drawn = { node, draw };
  chain.views.add(drawn);

  // The panel of a step remembers its own focus.
  const rememberFocus = () => {
    const own = node.contains(focused()) && !place.contains(focused());
    chain.focus = own ? focused().value : "";
  };
  node.addEventListener("focusin", rememberFocus);
  node.addEventListener("focusout", (event) => {
    const leaves = actions.isQuestionLeftBy(event);
    // A view that is removed from the page loses its focus too, which must not close the confirmation.
    queueMicrotask(() => {
      if (!node.isConnected || !document.hasFocus()) return;
      if (leaves) chain.ask("");
      rememberFocus();
    });
  });
  node.onkeydown = (event) => {
    if (event.key === "Escape") chain.ask("");
    // A notebook would take plain keys as its commands.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  return {
    ...drawn,
    /** Restores the focus that a removed view had, unless it is elsewhere now. */
    refocus() {
      if (document.activeElement !== document.body) return;
      if (!chain.focus) return shown?.panel.refocus();
      [...node.querySelectorAll("button")]
        .find((button) => button.value === chain.focus && !place.contains(button))
        ?.focus();
    },
    destroy() {
      shown?.panel.destroy();
      chain.views.delete(drawn);
    },
  };
}
