/** Search box and state buttons, which filter the jobs. */

import { cut, describe } from "../shared/format.js";
import { rank } from "./table/columns.js";
import { focusedNear, make, makeIcon, setText } from "../shared/dom.js";
import { NO_STATE, SLOW } from "./table/rows.js";

/** An hourglass. */
const SLOW_ICON = "M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12";
/** Delay after the last keystroke before the number of results is announced, in milliseconds. */
const ANNOUNCE_DELAY_MS = 600;

/**
 * @param {import("./store.js").Jobs} jobs
 * @param {() => void} enter moves the focus into the table
 */
export function createFilters(jobs, enter) {
  const search = Object.assign(document.createElement("input"), {
    type: "search", ariaLabel: "Search jobs", placeholder: "Search by description, id or user", spellcheck: false,
  });
  const states = make("div", { role: "group", ariaLabel: "State", className: "states" });
  const kind = make("button", { type: "button", className: "kind", title: "Show all jobs" });
  kind.onclick = () => {
    jobs.show({ kind: null });
    search.focus();
  };
  const node = make("div", { className: "filters" }, search, kind, states);
  /** @type {Map<string, {button: HTMLButtonElement, label: HTMLElement}>} */
  const buttons = new Map();
  let announceTimer = 0;
  /** Whether there was ever a job to filter. */
  let needed = false;

  search.oninput = () => {
    jobs.show({ search: search.value });
    clearTimeout(announceTimer);
    announceTimer = setTimeout(() => jobs.announce(jobs.rows.matching.length.toLocaleString() + " found"), ANNOUNCE_DELAY_MS);
  };
  search.onkeydown = (event) => {
    if (event.key === "Escape" && search.value) jobs.show({ search: "" });
    else if (event.key === "ArrowDown") enter();
    else return;
    event.preventDefault();
  };

  /** @param {string} state "" for all states */
  function createButton(state) {
    const { icon, draw } = makeIcon();
    const label = make("span");
    const button = make("button", { type: "button", value: state }, ...(state ? [icon, label] : [label]));
    button.dataset.state = state;
    draw(state === SLOW ? SLOW_ICON : describe(state === NO_STATE ? "" : state)[1]);
    button.onclick = () => {
      jobs.show({ state: jobs.filter.state === state ? "" : state });
      jobs.announce(jobs.rows.matching.length.toLocaleString() + " found");
    };
    buttons.set(state, { button, label });
  }

  function drawStates() {
    const { counts, found, slow } = jobs.rows;
    // Before the list is complete, each count is a lower bound.
    const more = jobs.complete ? "" : "+";
    const missing = ["", ...counts.keys(), ...(slow ? [SLOW] : []), jobs.filter.state].filter((state) => !buttons.has(state));
    missing.forEach(createButton);
    if (missing.length) {
      const focused = focusedNear(node);
      const sorted = [...buttons].sort(([a], [b]) => +!!a - +!!b || +(a === SLOW) - +(b === SLOW) || rank(a) - rank(b) || (a < b ? -1 : 1));
      states.append(...sorted.map(([, { button }]) => button));
      if (focused && states.contains(focused)) focused.focus();
    }
    for (const [state, { button, label }] of buttons) {
      const name = !state ? "All" : state === SLOW ? "Slow" : cut(describe(state === NO_STATE ? "" : state)[0], 40);
      const count = !state ? found : state === SLOW ? slow : counts.get(state) ?? 0;
      setText(label, name + " (" + count.toLocaleString() + more + ")");
      button.ariaPressed = "" + (jobs.filter.state === state);
    }
  }

  return {
    node,
    search,
    draw() {
      needed ||= jobs.rows.size > 0;
      node.hidden = !needed;
      const { kind: only } = jobs.filter;
      kind.hidden = !only;
      setText(kind, !!only && "Only runs of " + (cut(only.description, 60) || "jobs without a description"));
      if (search.value !== jobs.filter.search) search.value = jobs.filter.search;
      if (needed) drawStates();
    },
    destroy: () => clearTimeout(announceTimer),
  };
}
