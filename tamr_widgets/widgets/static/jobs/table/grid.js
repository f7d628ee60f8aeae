/** The table: a virtual list, in which only the visible rows have DOM nodes. */

import { focusedNear, make } from "../../shared/dom.js";
import { COLUMNS } from "./columns.js";
import { listenToGrid } from "./grid-events.js";
import { createHeader } from "./header.js";
import { createRowView, hasSecondLine, setTooltip } from "./row.js";
import { createViewport } from "./viewport.js";

/** @typedef {import("./indexed-row.js").Row} Row */
/** @typedef {import("./row.js").RowView} RowView */
/** @typedef {ReturnType<typeof createGrid>} Grid */

/** Number of rows drawn above and below the visible ones, so that scrolling shows no gaps. */
const OVERSCAN_ROWS = 8;
/** Height of an opened row's panel until it is measured, in pixels. */
const DEFAULT_PANEL_HEIGHT = 180;

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {() => void} leave moves the focus elsewhere when there is no row
 */
export function createGrid(jobs, leave) {
  const header = createHeader(jobs);
  const probe = make("div", { className: "probe", ariaHidden: "true" });
  const reasonProbe = make("div", { className: "probe reason", ariaHidden: "true" });
  const body = make("div", { role: "rowgroup" });
  const node = make(
    "div",
    {
      role: "grid",
      ariaLabel: "Jobs",
      ariaMultiSelectable: "true",
      ariaColCount: "" + (COLUMNS.length + 1),
    },
    make("div", { role: "rowgroup" }, header.node),
    body,
  );

  /** @type {Map<string, RowView>} */
  const views = new Map();
  /** Height of an opened row's panel in pixels, by key. @type {Map<string, number>} */
  const panelHeights = new Map();
  let [height, reasonHeight, viewHeight, scroll, generation] = [28, 18, 600, 0, jobs.generation];
  /** The row at the top and its hidden height; it stays in place when others are added or removed. */
  let top = { key: "", hidden: 0 };
  let viewport = createViewport(0, height, []);
  /** The rows of the viewport; while it is out of date, jobs.rows.matching are others. */
  let laidOut = jobs.rows.matching;
  /** Scroll position of the view before this one, until it can be restored. */
  let pendingScroll = jobs.scroll;

  /** Height of a row without its panel. @param {Row} row */
  const heightOf = (row) => height + (hasSecondLine(row) ? reasonHeight : 0);

  function layOut() {
    const higher = [];
    laidOut = jobs.rows.matching;
    for (const row of laidOut) {
      const panel = jobs.opened.has(row.key)
        ? (panelHeights.get(row.key) ?? DEFAULT_PANEL_HEIGHT)
        : 0;
      const extra = heightOf(row) - height + panel;
      if (extra) higher.push({ index: row.index, extra });
    }
    viewport = createViewport(laidOut.length, height, higher);
    body.style.height = viewport.total + "px";
  }

  /** @param {number} y */
  function scrollTo(y) {
    if (y === scroll) return;
    node.scrollTop = y;
    scroll = node.scrollTop;
  }

  function restorePosition() {
    const row = jobs.rows.get(top.key);
    if (generation !== jobs.generation) scrollTo(0);
    else if (scroll > 0 && row && row.index >= 0) scrollTo(viewport.top(row.index) + top.hidden);
    generation = jobs.generation;
  }

  /** Rows that need DOM nodes: the visible ones, the active one, the one with the focus. */
  function rowsToDraw() {
    const { matching } = jobs.rows;
    const first = Math.max(0, viewport.at(scroll) - OVERSCAN_ROWS);
    const last = viewport.at(scroll + viewHeight) + OVERSCAN_ROWS;
    const rows = new Set(matching.slice(first, last + 1));
    const focused = [...views.values()].find((view) => view.focused);
    for (const key of [jobs.active.key, focused?.key ?? ""]) {
      const row = jobs.rows.get(key);
      if (row && row.index >= 0) rows.add(row);
    }
    return [...rows].sort((a, b) => a.index - b.index);
  }

  /** @param {Node | null} next the node at the row's position @param {Map<Node, RowView>} unused */
  function viewFor(/** @type {Row} */ row, next, unused) {
    const existing = views.get(row.key);
    if (existing) return existing;
    const [node] = next && unused.has(next) ? [next] : unused.keys();
    const view = unused.get(node) ?? createRowView(jobs);
    unused.delete(node);
    views.set(row.key, view);
    observer.observe(view.node);
    return view;
  }

  /** @param {RowView} view */
  function destroyView(view) {
    observer.unobserve(view.node);
    view.destroy();
  }

  function drawRows() {
    const hadFocus = body.contains(focusedNear(node));
    const rows = rowsToDraw();
    const keys = new Set(rows.map(({ key }) => key));
    /** Views whose rows are no longer drawn. @type {Map<Node, RowView>} */
    const unused = new Map();
    for (const [key, view] of views) {
      if (keys.has(key)) continue;
      views.delete(key);
      // A view that has the focus is not reused, since the focus would move to another row.
      if (view.focused) destroyView(view);
      else unused.set(view.node, view);
    }
    /** @type {Node | null} */
    let next = body.firstChild;
    for (const row of rows) {
      const view = viewFor(row, next, unused);
      view.draw(row);
      view.node.style.top = viewport.top(row.index) + "px";
      // Moving a node takes its focus away, so the others are moved around the focused one.
      while (next && next !== view.node && (view.focused || unused.has(next))) {
        const after = next.nextSibling;
        if (unused.has(next)) body.removeChild(next);
        else body.append(next);
        next = after;
      }
      if (next === view.node) next = next.nextSibling;
      else body.insertBefore(view.node, next);
    }
    for (const view of unused.values()) destroyView(view);
    if (hadFocus && !body.contains(focusedNear(node))) focus();
  }

  function rememberPosition() {
    const index = viewport.at(scroll);
    top = { key: laidOut[index]?.key ?? "", hidden: scroll - viewport.top(index) };
    if (!pendingScroll) jobs.scroll = scroll;
  }

  /** Reads the scroll position, which is ahead of its event by up to a frame. */
  function readPosition() {
    // Without a size, the position reads as 0.
    if (!node.clientHeight || node.scrollTop === scroll) return;
    scroll = node.scrollTop;
    rememberPosition();
  }

  function draw() {
    node.ariaRowCount = "" + (jobs.rows.matching.length + 1);
    node.hidden = !jobs.rows.size;
    readPosition();
    header.draw();
    layOut();
    restorePosition();
    drawRows();
    rememberPosition();
  }

  /** Measures heights, which change with the page's width, its font and the opened rows. */
  function measure() {
    const before = [height, reasonHeight, viewHeight, ...panelHeights.values()].join();
    height = probe.offsetHeight || height;
    reasonHeight = reasonProbe.offsetHeight || reasonHeight;
    viewHeight = node.clientHeight || viewHeight;
    for (const { key, node: row } of views.values()) {
      const known = jobs.opened.has(key) && row.offsetHeight && jobs.rows.get(key);
      if (known) panelHeights.set(key, row.offsetHeight - heightOf(known));
    }
    const resumed = node.clientHeight > 0 && pendingScroll > 0;
    if (resumed) {
      scrollTo(pendingScroll);
      pendingScroll = 0;
      top = { key: "", hidden: 0 };
    }
    if (resumed || [height, reasonHeight, viewHeight, ...panelHeights.values()].join() !== before)
      draw();
  }
  const observer = new ResizeObserver(measure);
  for (const part of [node, probe, reasonProbe]) observer.observe(part);

  node.append(probe, reasonProbe);
  node.onscroll = () => {
    // Removal from the page scrolls to the top, which must not be remembered.
    if (!node.isConnected) return;
    scroll = node.scrollTop;
    drawRows();
    rememberPosition();
  };
  node.onmouseover = ({ target }) => {
    const cell = /** @type {HTMLElement} */ (target).closest?.("[role=gridcell]");
    if (cell) setTooltip(/** @type {HTMLElement} */ (cell));
  };

  /** Scrolls to the active cell and focuses it. */
  function focus() {
    const { header: inHeader, column, key } = jobs.active;
    if (inHeader) return header.targets[column].focus();
    const row = jobs.rows.get(key);
    if (!row || row.index < 0) return leave();
    readPosition();
    const [y, space] = [viewport.top(row.index), viewHeight - header.node.offsetHeight];
    if (y < scroll) scrollTo(y);
    else if (y + heightOf(row) > scroll + space) scrollTo(y + heightOf(row) - space);
    drawRows();
    rememberPosition();
    views.get(key)?.cells[column].focus({ preventScroll: true });
  }

  const grid = {
    node,
    draw,
    focus,
    header,
    /** Number of rows that a page key moves by. */
    page: () => Math.max(1, Math.floor((viewHeight - header.node.offsetHeight) / height) - 1),

    /** Draws the times of the visible rows that are not resolved. */
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
