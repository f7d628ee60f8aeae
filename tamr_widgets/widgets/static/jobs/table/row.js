/** View of one row. It is reused for another job when its own is scrolled out. */

import { createPanel } from "../../operation/panel.js";
import { make, makeIcon, plural, setText } from "../../shared/dom.js";
import { cut, describe, duration } from "../../shared/format.js";
import { isToday, moment } from "../timeline/moments.js";
import { COLUMNS, DESCRIPTION, isSlow, queuedFor, ranFor, remainingFor } from "./columns.js";

/** @typedef {import("./indexed-row.js").Row} Row */
/** @typedef {import("../store.js").Jobs} Jobs */
/** @typedef {ReturnType<typeof createRowView>} RowView */

/** Running time that fills the bar, as a multiple of the median. */
const FULL_BAR_FACTOR = 2;

/** Whether a row has a second line: why it failed or who cancelled it, and whether that is over. @param {Row} row */
export const hasSecondLine = ({ reason, since }) => !!reason || typeof since === "number";

/** @param {Jobs} jobs */
export function createRowView(jobs) {
  const { icon, draw: drawIcon } = makeIcon();
  const [word, ran, slow] = [make("span"), make("span"), make("span", { className: "unseen" })];
  const bar = make("i");
  const track = make("span", { className: "track" }, bar);
  const cells = COLUMNS.map(({ name }, i) => {
    const cell = make("div", { role: "gridcell", tabIndex: -1, ariaColIndex: "" + (i + 1) });
    cell.dataset.column = name;
    return cell;
  });
  const [pick, state, description, user, created, queued, run, left] = cells;
  state.append(icon, word);
  run.append(ran, slow, track);
  const times = [queued, run, left];
  for (const cell of times) {
    // Screen readers announce each change of the focused element's name: here that of the state, but
    // not that of each second.
    cell.onfocus = () => (cell.ariaLabel = cell.textContent);
    cell.onblur = () => (cell.ariaLabel = null);
  }
  const [name, since] = [make("span"), make("span", { className: "since" })];
  const reason = make("span");
  const second = make("div", { className: "reason" }, since, reason);
  description.append(name, second);
  const node = make("div", { role: "row" }, ...cells);
  const details = make("div", {
    role: "gridcell",
    ariaColIndex: "" + (cells.length + 1),
    className: "panel",
  });

  const allRuns = make("button", { type: "button" }, "All its runs");
  allRuns.onclick = () => jobs.showRuns(node.dataset.key ?? "");
  const alike = make("button", { type: "button" });
  alike.onclick = () => jobs.showAlike(node.dataset.key ?? "");

  /** @type {ReturnType<typeof createPanel> | undefined} */
  let panel;
  /** The store that the panel shows. @type {import("../../operation/store.js").Store | undefined} */
  let shown;

  /** @param {Row} row */
  function drawTimes(row) {
    const now = jobs.now();
    const [waited, time] = [queuedFor(row, now), ranFor(row, now)];
    const [short, long] = remainingFor(row, now, jobs.rows.get);
    setText(queued, waited >= 0 && duration(waited));
    setText(ran, time >= 0 && duration(time));
    setText(left, short);
    left.title = long;

    const [usual] = time >= 0 ? (row.estimate ?? jobs.rows.jobTypes.usual(row.jobType) ?? []) : [];
    const late = isSlow(row, now);
    track.hidden = !usual;
    run.dataset.slow = late ? "true" : "";
    setText(slow, late && !!usual && ", slow: usually " + duration(usual));
    run.title = usual ? "Such jobs usually take " + duration(usual) : "";
    if (usual)
      bar.style.width =
        Math.min(100, ((100 / FULL_BAR_FACTOR) * time) / Math.max(usual, 0.5)) + "%";
  }

  /** @param {import("../../operation/store.js").Store | undefined} store */
  function drawPanel(store) {
    description.ariaExpanded = "" + !!store;
    if (store === shown) return;
    panel?.destroy();
    panel = store && createPanel(store);
    shown = store;
    if (panel) {
      details.replaceChildren(panel.node, allRuns, " ", alike);
      node.append(details);
    } else details.remove();
  }

  return {
    node,
    cells,
    key: "",
    /** Whether the focus is within. */
    get focused() {
      return node.matches(":focus-within");
    },

    /** @param {Row} row */
    draw(row) {
      const selected = jobs.selection.has(row.key);
      const [label, shape] = describe(row.state ?? undefined);
      const changed = this.key !== row.key || node.dataset.state !== (row.state ?? "");
      this.key = row.key;
      node.dataset.state = row.state ?? "";
      node.dataset.key = row.key;
      node.ariaRowIndex = "" + (row.index + 2);
      node.ariaSelected = "" + selected;
      pick.ariaLabel = selected ? "Selected" : "Not selected";
      drawIcon(shape);
      setText(word, cut(label, 40));
      setText(name, cut(row.description, 300) || "Operation " + cut(row.key, 99));
      setText(
        since,
        typeof row.since === "number" &&
          "succeeded since, " +
            (isToday(row.since) ? "at " : "on ") +
            moment(row.since) +
            (row.reason ? ": " : ""),
      );
      setText(reason, row.reason);
      second.hidden = !hasSecondLine(row);
      node.dataset.lines = second.hidden ? "1" : "2";
      if (jobs.opened.has(row.key)) {
        const count = jobs.rows.countAlike(row);
        setText(alike, plural(count, "job") + " failed like this");
        alike.hidden = count < 2;
      }
      setText(user, cut(row.user, 99));
      setText(created, row.created === null ? "" : moment(row.created));
      drawTimes(row);
      if (changed)
        for (const cell of times) if (cell.ariaLabel !== null) cell.ariaLabel = cell.textContent;
      drawPanel(jobs.opened.get(row.key));
      const active = !jobs.active.header && jobs.active.key === row.key;
      cells.forEach((cell, i) => (cell.tabIndex = active && jobs.active.column === i ? 0 : -1));
    },

    drawTimes,

    destroy() {
      panel?.destroy();
      node.remove();
    },
  };
}

/** Sets a tooltip with the full text of a cell that may be truncated. @param {HTMLElement} cell */
export function setTooltip(cell) {
  if (cell.ariaColIndex !== "" + (DESCRIPTION + 1)) return;
  cell.title = [...cell.children]
    .map(({ textContent }) => textContent)
    .filter(Boolean)
    .join("\n");
}
