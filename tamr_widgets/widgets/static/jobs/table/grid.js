/** The table: only the rows that can be seen are in the page, whatever the number of jobs. */

import { createHeader } from "./header.js";
import { createRowView, explain } from "./row.js";
import { createViewport } from "./viewport.js";
import { listenToGrid } from "./grid-events.js";
import { COLUMNS } from "./columns.js";
import { focusedNear, make } from "../../shared/dom.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./row.js").RowView} RowView */
/** @typedef {ReturnType<typeof createGrid>} Grid */

/** Rows that are drawn above and below what is seen, so that scrolling finds them there. */
const SPARE = 8;
/** The height of an opened row's panel until it has been measured. */
const GUESS = 180;

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {() => void} leave where the focus goes when no row is left
 */
export function createGrid(jobs, leave) {
  const header = createHeader(jobs);
  const probe = make("div", { className: "probe", ariaHidden: "true" });
  const body = make("div", { role: "rowgroup" });
  const node = make("div", {
    role: "grid", ariaLabel: "Jobs", ariaMultiSelectable: "true", ariaColCount: "" + (COLUMNS.length + 1),
  }, make("div", { role: "rowgroup" }, header.node), body);

  /** @type {Map<string, RowView>} */
  const views = new Map();
  /** How much higher an opened row is, by key. @type {Map<string, number>} */
  const extras = new Map();
  let [height, room, scroll, turns] = [28, 600, 0, jobs.turns];
  /** The row at the top, and how far it is scrolled out; it stays there when others come and go. */
  let top = { key: "", hidden: 0 };
  let port = createViewport(0, height, []);
  /** Where the view before this one was scrolled to, until there is something to scroll. */
  let former = jobs.scroll;

  function layOut() {
    const opened = [];
    for (const key of jobs.opened.keys()) {
      const index = jobs.rows.get(key)?.index ?? -1;
      if (index >= 0) opened.push({ index, extra: extras.get(key) ?? GUESS });
    }
    opened.sort((a, b) => a.index - b.index);
    port = createViewport(jobs.rows.matching.length, height, opened);
    body.style.height = port.total + "px";
  }

  /** @param {number} y */
  function scrollTo(y) {
    if (y === scroll) return;
    node.scrollTop = y;
    scroll = node.scrollTop;
  }

  function stayInPlace() {
    const row = jobs.rows.get(top.key);
    if (turns !== jobs.turns) scrollTo(0);
    else if (scroll > 0 && row && row.index >= 0) scrollTo(port.top(row.index) + top.hidden);
    turns = jobs.turns;
  }

  /** The rows that are to be in the page: those seen, the active one, the one with the focus. */
  function wanted() {
    const { matching } = jobs.rows;
    const first = Math.max(0, port.at(scroll) - SPARE);
    const last = port.at(scroll + room) + SPARE;
    const rows = new Set(matching.slice(first, last + 1));
    const focused = [...views.values()].find((view) => view.focused);
    for (const key of [jobs.active.key, focused?.key ?? ""]) {
      const row = jobs.rows.get(key);
      if (row && row.index >= 0) rows.add(row);
    }
    return [...rows].sort((a, b) => a.index - b.index);
  }

  /** @param {Node | null} next the node that is in the row's place @param {Map<Node, RowView>} unused */
  function viewFor(/** @type {Row} */ row, next, unused) {
    const known = views.get(row.key);
    if (known) return known;
    const [node] = next && unused.has(next) ? [next] : unused.keys();
    const view = unused.get(node) ?? createRowView(jobs);
    unused.delete(node);
    views.set(row.key, view);
    observer.observe(view.node);
    return view;
  }

  function drawRows() {
    const held = body.contains(focusedNear(node));
    const rows = wanted();
    const keys = new Set(rows.map(({ key }) => key));
    /** Views whose rows have left. @type {Map<Node, RowView>} */
    const unused = new Map();
    for (const [key, view] of views) {
      if (keys.has(key)) continue;
      views.delete(key);
      // A view that has the focus must not take it along to another row.
      if (view.focused) view.destroy();
      else unused.set(view.node, view);
    }
    /** @type {Node | null} */
    let next = body.firstChild;
    for (const row of rows) {
      const view = viewFor(row, next, unused);
      view.draw(row);
      view.node.style.top = port.top(row.index) + "px";
      // What has the focus would lose it by being moved, so the others move around it.
      while (next && next !== view.node && (view.focused || unused.has(next))) {
        const after = next.nextSibling;
        if (unused.has(next)) body.removeChild(next);
        else body.append(next);
        next = after;
      }
      if (next === view.node) next = next.nextSibling;
      else body.insertBefore(view.node, next);
    }
    for (const view of unused.values()) view.destroy();
    if (held && !body.contains(focusedNear(node))) focus();
  }

  function remember() {
    const row = jobs.rows.matching[port.at(scroll)];
    top = { key: row?.key ?? "", hidden: row ? scroll - port.top(row.index) : 0 };
    if (!former) jobs.scroll = scroll;
  }

  function draw() {
    node.ariaRowCount = "" + (jobs.rows.matching.length + 1);
    node.hidden = !jobs.rows.size;
    header.draw();
    layOut();
    stayInPlace();
    drawRows();
    remember();
  }

  /** Heights change with the page's width, its font, and with what is opened. */
  function measure() {
    const before = [height, room, ...extras.values()].join();
    height = probe.offsetHeight || height;
    room = node.clientHeight || room;
    for (const { key, node: row } of views.values()) {
      if (jobs.opened.has(key) && row.offsetHeight) extras.set(key, row.offsetHeight - height);
    }
    const resumed = node.clientHeight > 0 && former > 0;
    if (resumed) {
      scrollTo(former);
      former = 0;
      top = { key: "", hidden: 0 };
    }
    if (resumed || [height, room, ...extras.values()].join() !== before) draw();
  }
  const observer = new ResizeObserver(measure);
  for (const part of [node, probe]) observer.observe(part);

  node.append(probe);
  node.onscroll = () => {
    // Leaving the page scrolls to the top, but that is nobody's wish.
    if (!node.isConnected) return;
    scroll = node.scrollTop;
    drawRows();
    remember();
  };
  node.onmouseover = ({ target }) => {
    const cell = /** @type {HTMLElement} */ (target).closest?.("[role=gridcell]");
    if (cell) explain(/** @type {HTMLElement} */ (cell));
  };

  /** Brings the active cell into view, and the focus to it. */
  function focus() {
    const { header: inHeader, column, key } = jobs.active;
    if (inHeader) return header.targets[column].focus();
    const row = jobs.rows.get(key);
    if (!row || row.index < 0) return leave();
    const [y, space] = [port.top(row.index), room - header.node.offsetHeight];
    if (y < scroll) scrollTo(y);
    else if (y + height > scroll + space) scrollTo(y + height - space);
    drawRows();
    remember();
    views.get(key)?.cells[column].focus({ preventScroll: true });
  }

  const grid = {
    node,
    draw,
    focus,
    header,
    /** How many rows are seen at once. */
    page: () => Math.max(1, Math.floor((room - header.node.offsetHeight) / height) - 1),
    view: (/** @type {string} */ key) => views.get(key),

    /** The times of what is seen and goes on. */
    tick() {
      for (const view of views.values()) {
        const row = jobs.rows.get(view.key);
        if (row && !row.resolved) view.drawTimes(row);
      }
    },

    destroy() {
      observer.disconnect();
      for (const view of views.values()) view.destroy();
    },
  };
  listenToGrid(grid, jobs);
  return grid;
}
