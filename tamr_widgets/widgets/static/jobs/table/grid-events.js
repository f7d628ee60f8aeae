/** What keys and clicks do in the table: they move, open, choose and sort. */

import { COLUMNS } from "./columns.js";

/** @typedef {import("../store.js").Jobs} Jobs */

/**
 * @param {import("./grid.js").Grid} grid
 * @param {Jobs} jobs
 */
export function listenToGrid(grid, jobs) {
  const { node, header } = grid;

  /** Which cell an event is about, if it is about one. @param {EventTarget | null} target */
  function cellOf(target) {
    const element = /** @type {HTMLElement} */ (target);
    const cell = /** @type {HTMLElement | null} */ (element.closest("[role=gridcell], [role=columnheader]"));
    const key = /** @type {HTMLElement | null} */ (cell?.parentElement)?.dataset.key;
    const column = Number(cell?.ariaColIndex) - 1;
    return !cell || column >= COLUMNS.length ? undefined : { header: key === undefined, key: key ?? "", column };
  }

  /** @param {{header?: boolean, key?: string, column?: number}} where */
  function activate(where) {
    const row = jobs.rows.get(where.key ?? "");
    Object.assign(jobs.active, where, row && { index: row.index });
  }

  /** @param {number} index of a row; -1 is the header @param {number} column */
  function go(index, column) {
    const { matching } = jobs.rows;
    const row = matching[Math.min(index, matching.length - 1)];
    if (index < 0 || !row) activate({ header: true, column });
    else activate({ header: false, column, key: row.key });
    jobs.draw();
    grid.focus();
  }

  /** The columns that are not hidden for want of room. */
  const columns = () => COLUMNS.map((_, i) => i).filter((i) => header.cells[i].offsetWidth);

  /** @param {number} step */
  const columnBeside = (step) => {
    const shown = columns();
    return shown[shown.indexOf(jobs.active.column) + step] ?? jobs.active.column;
  };

  /** @param {KeyboardEvent} event @returns {number[] | undefined} the row and column to go to */
  function goal({ key, ctrlKey, metaKey }) {
    const { header: inHeader, index, column } = jobs.active;
    const [here, far, ends] = [inHeader ? -1 : index, jobs.rows.matching.length - 1, ctrlKey || metaKey];
    switch (key) {
      case "ArrowDown": return [Math.min(far, here + 1), column];
      case "ArrowUp": return [here - 1, column];
      case "PageDown": return [Math.min(far, here + grid.page()), column];
      case "PageUp": return [Math.max(0, here - grid.page()), column];
      case "ArrowLeft": return [here, columnBeside(-1)];
      case "ArrowRight": return [here, columnBeside(1)];
      case "Home": return ends ? [0, column] : [here, columns()[0]];
      case "End": return ends ? [far, column] : [here, columns().at(-1) ?? column];
      default: return undefined;
    }
  }

  /** @param {KeyboardEvent} event whether it was one of the table's */
  function press(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    const { active, rows, selection } = jobs;
    const row = active.header ? undefined : rows.get(active.key);
    const where = goal(event);
    if (where) {
      if (shiftKey && row && where[0] !== row.index && where[0] >= 0) {
        jobs.select(() => {
          if (!selection.has(row.key)) selection.toggle(row.key);
          selection.extend(rows.matching, rows.matching[where[0]]);
        });
      }
      go(where[0], where[1]);
    } else if (key === "a" && (ctrlKey || metaKey)) {
      jobs.select(() => selection.replace(rows.matching.map((each) => each.key)));
    } else if (key === "Escape" && selection.size) {
      jobs.select(() => selection.replace([]));
    } else if (active.header && active.column && (key === "Enter" || key === " ")) {
      jobs.sort(active.column);
    } else if (row && key === "Enter") {
      jobs.toggle(row.key);
    } else if (row && key === " ") {
      jobs.select(() => shiftKey ? selection.extend(rows.matching, row) : selection.toggle(row.key));
    } else return false;
    return true;
  }

  node.onkeydown = (event) => {
    const where = cellOf(event.target);
    if (!where || !press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  // A panel keeps its keys to itself; with nothing to escape from in it, Escape leads out of it.
  node.addEventListener("keydown", ({ key, target }) => {
    const element = /** @type {HTMLElement} */ (target);
    const row = /** @type {HTMLElement | null} */ (element.closest(".panel")?.parentElement);
    const store = jobs.opened.get(row?.dataset.key ?? "");
    if (key !== "Escape" || !row || store?.asking) return;
    activate({ header: false, key: row.dataset.key });
    jobs.draw();
    grid.focus();
  }, true);

  node.addEventListener("focusin", ({ target }) => {
    const where = cellOf(target);
    if (!where || (where.key === jobs.active.key && where.column === jobs.active.column && where.header === jobs.active.header)) return;
    activate(where);
    jobs.draw();
  });

  node.addEventListener("mousedown", (event) => {
    // A range of rows is meant, not of text.
    if (event.shiftKey && cellOf(event.target)?.key) event.preventDefault();
  });

  node.addEventListener("click", ({ target, detail, shiftKey, ctrlKey, metaKey }) => {
    const where = cellOf(target);
    const row = jobs.rows.get(where?.key ?? "");
    if (!where || !row || detail > 1 || getSelection()?.type === "Range" && !shiftKey) return;
    activate(where);
    if (shiftKey) jobs.select((selection) => selection.extend(jobs.rows.matching, row));
    else if (ctrlKey || metaKey || where.column === 0) jobs.select((selection) => selection.toggle(row.key));
    else jobs.toggle(row.key);
    grid.focus();
  });
}
