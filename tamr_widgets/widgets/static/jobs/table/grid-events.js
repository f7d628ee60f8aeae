/** Keyboard and mouse events of the table: moving, opening, selecting and sorting. */

import { COLUMNS } from "./columns.js";

/** @typedef {import("../store.js").Jobs} Jobs */

/**
 * @param {import("./grid.js").Grid} grid
 * @param {Jobs} jobs
 */
export function listenToGrid(grid, jobs) {
  const { node, header } = grid;

  /** Returns the cell of an event's target, if there is one. @param {EventTarget | null} target */
  function cellOf(target) {
    const element = /** @type {HTMLElement} */ (target);
    const cell = /** @type {HTMLElement | null} */ (
      element.closest("[role=gridcell], [role=columnheader]")
    );
    const key = /** @type {HTMLElement | null} */ (cell?.parentElement)?.dataset.key;
    const column = Number(cell?.ariaColIndex) - 1;
    return !cell || column >= COLUMNS.length
      ? undefined
      : { header: key === undefined, key: key ?? "", column };
  }

  /** @param {{header?: boolean, key?: string, column?: number}} where */
  function activate(where) {
    const row = jobs.rows.get(where.key ?? "");
    Object.assign(jobs.active, where, row && { index: row.index });
  }

  /** @param {number} index of a row; -1 is the header @param {number} column */
  function moveTo(index, column) {
    const { matching } = jobs.rows;
    const row = matching[Math.min(index, matching.length - 1)];
    if (index < 0 || !row) activate({ header: true, column });
    else activate({ header: false, column, key: row.key });
    jobs.draw();
    grid.focus();
  }

  /** Indices of the columns that are not hidden on a narrow page. */
  const columns = () => COLUMNS.map((_, i) => i).filter((i) => header.cells[i].offsetWidth);

  /** @param {number} step */
  const columnBeside = (step) => {
    const shown = columns();
    return shown[shown.indexOf(jobs.active.column) + step] ?? jobs.active.column;
  };

  /** @param {KeyboardEvent} event @returns {number[] | undefined} the row and column to move to */
  function destination({ key, ctrlKey, metaKey }) {
    const { header: inHeader, index, column } = jobs.active;
    const [current, last, ends] = [
      inHeader ? -1 : index,
      jobs.rows.matching.length - 1,
      ctrlKey || metaKey,
    ];
    switch (key) {
      case "ArrowDown":
        return [Math.min(last, current + 1), column];
      case "ArrowUp":
        return [current - 1, column];
      case "PageDown":
        return [Math.min(last, current + grid.page()), column];
      case "PageUp":
        return [Math.max(0, current - grid.page()), column];
      case "ArrowLeft":
        return [current, columnBeside(-1)];
      case "ArrowRight":
        return [current, columnBeside(1)];
      case "Home":
        return ends ? [0, column] : [current, columns()[0]];
      case "End":
        return ends ? [last, column] : [current, columns().at(-1) ?? column];
      default:
        return undefined;
    }
  }

  /** Handles a key and returns whether the table has a use for it. @param {KeyboardEvent} event */
  function handleKey(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    const { active, rows, selection } = jobs;
    const row = active.header ? undefined : rows.get(active.key);
    const where = destination(event);
    if (where) {
      if (shiftKey && row && where[0] !== row.index && where[0] >= 0) {
        jobs.select(() => {
          if (!selection.has(row.key)) selection.toggle(row.key);
          selection.extend(rows.matching, rows.matching[where[0]]);
        });
      }
      moveTo(where[0], where[1]);
    } else if (key === "a" && (ctrlKey || metaKey)) {
      jobs.select(() => selection.replace(rows.matching.map((each) => each.key)));
    } else if (key === "Escape" && selection.size) {
      jobs.select(() => selection.replace([]));
    } else if (active.header && active.column && (key === "Enter" || key === " ")) {
      jobs.sort(active.column);
    } else if (row && key === "Enter") {
      jobs.toggle(row.key);
    } else if (row && key === " ") {
      jobs.select(() =>
        shiftKey ? selection.extend(rows.matching, row) : selection.toggle(row.key),
      );
    } else return false;
    return true;
  }

  node.onkeydown = (event) => {
    const where = cellOf(event.target);
    if (!where || !handleKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  // A panel stops its key events. Escape moves the focus to the row, unless it closes a confirmation.
  node.addEventListener(
    "keydown",
    ({ key, target }) => {
      const element = /** @type {HTMLElement} */ (target);
      const row = /** @type {HTMLElement | null} */ (element.closest(".panel")?.parentElement);
      const store = jobs.opened.get(row?.dataset.key ?? "");
      if (key !== "Escape" || !row || store?.asking) return;
      activate({ header: false, key: row.dataset.key });
      jobs.draw();
      grid.focus();
    },
    true,
  );

  node.addEventListener("focusin", ({ target }) => {
    const where = cellOf(target);
    if (
      !where ||
      (where.key === jobs.active.key &&
        where.column === jobs.active.column &&
        where.header === jobs.active.header)
    )
      return;
    activate(where);
    jobs.draw();
  });

  node.addEventListener("mousedown", (event) => {
    // Shift and a click select a range of rows, not of text.
    if (event.shiftKey && cellOf(event.target)?.key) event.preventDefault();
  });

  node.addEventListener("click", ({ target, detail, shiftKey, ctrlKey, metaKey }) => {
    const where = cellOf(target);
    const row = jobs.rows.get(where?.key ?? "");
    if (!where || !row || detail > 1 || (getSelection()?.type === "Range" && !shiftKey)) return;
    activate(where);
    if (shiftKey) jobs.select((selection) => selection.extend(jobs.rows.matching, row));
    else if (ctrlKey || metaKey || where.column === 0)
      jobs.select((selection) => selection.toggle(row.key));
    else jobs.toggle(row.key);
    grid.focus();
  });
}
