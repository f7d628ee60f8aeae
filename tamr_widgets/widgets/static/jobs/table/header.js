/** The table's header: column labels, sorting, and the checkbox that selects all rows. */

import { make, plural } from "../../shared/dom.js";
import { COLUMNS } from "./columns.js";

/** @param {import("../store.js").Jobs} jobs */
export function createHeader(jobs) {
  const all = Object.assign(document.createElement("input"), { type: "checkbox", tabIndex: -1 });
  all.onchange = () => jobs.select((selection) => selection.toggleAll(jobs.rows.matching));
  const cells = COLUMNS.map(({ name, label }, i) => {
    const cell = make("div", { role: "columnheader", ariaColIndex: "" + (i + 1) }, label || all);
    cell.dataset.column = name;
    if (i) cell.onclick = ({ detail }) => detail > 1 || jobs.sort(i);
    return cell;
  });
  const node = make("div", { role: "row", ariaRowIndex: "1" }, ...cells);

  return {
    node,
    cells,
    /** Elements that take the focus, by column. */
    targets: [all, ...cells.slice(1)],

    draw() {
      const { matching } = jobs.rows;
      const { column, descending } = jobs.filter;
      const selected =
        jobs.selection.size && matching.filter(({ key }) => jobs.selection.has(key)).length;
      all.checked = selected > 0 && selected === matching.length;
      all.indeterminate = selected > 0 && !all.checked;
      all.disabled = !matching.length;
      all.ariaLabel = "Select all " + plural(matching.length, "job");
      COLUMNS.forEach(({ name }, i) => {
        cells[i].ariaSort = name !== column ? null : descending ? "descending" : "ascending";
        this.targets[i].tabIndex = jobs.active.header && jobs.active.column === i ? 0 : -1;
      });
    },
  };
}
