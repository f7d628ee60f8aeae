/** Bar above the table: how many jobs there are, and the actions on the selected ones. */

import { copyText, focusedNear, make, NOT_COPIED, plural, setText } from "../../shared/dom.js";
import { cut } from "../../shared/format.js";
import { csvOf, saveCsv, tsvOf } from "../export.js";

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {ReturnType<typeof import("../../shared/question.js").createButtons>} view
 * @param {() => void} leave moves the focus into the table
 */
export function createBulkBar(jobs, { button }, leave) {
  const count = make("span");
  const cancel = button("cancel", "", () => jobs.bulk.requestConfirmation("cancel"));
  const remove = button("delete", "", () => jobs.bulk.requestConfirmation("delete"));
  const clear = button("clear", "Clear selection", () =>
    jobs.select((selection) => selection.replace([])),
  );
  /** Label of the button after it has copied something, while it has the focus. */
  let outcome = "";
  const copy = button("copy", "", async () => {
    const rows = chosen();
    const succeeded = await copyText(tsvOf(rows, jobs.now()), bar);
    outcome = succeeded ? "Copied" : NOT_COPIED;
    jobs.announce(succeeded ? plural(rows.length, "row") + " copied" : NOT_COPIED);
    setText(copy, outcome);
  });
  copy.onblur = () => draw();
  const save = button("save", "", () => {
    const name = ("jobs " + (jobs.status.host ?? "")).trim().replace(/[^\p{L}\p{N}.-]+/gu, "-");
    saveCsv(name + ".csv", csvOf(chosen(), jobs.now()));
  });
  const bar = make(
    "div",
    { className: "bar" },
    count,
    cancel,
    remove,
    clear,
    make("span", { className: "gap" }),
    copy,
    save,
  );

  /** The rows to copy or save, in the order of the table: the selected ones, or all that match. */
  function chosen() {
    const { rows, selection } = jobs;
    const inTable = rows.matching.filter(({ key }) => selection.has(key));
    const others = selection.keys.map(rows.get).filter((row) => row !== undefined && row.index < 0);
    return selection.size
      ? [...inTable, .../** @type {import("../table/indexed-row.js").Row[]} */ (others)]
      : rows.matching;
  }

  function draw() {
    const {
      rows,
      selection,
      live,
      status: { no_delete },
    } = jobs;
    const { matching } = rows;
    const total = Math.max(rows.total, jobs.status.total ?? 0);
    const all =
      !jobs.complete && (live || total > rows.size)
        ? rows.size.toLocaleString() + " of " + plural(total, "job") + (live ? " so far" : "")
        : matching.length === rows.size
          ? plural(rows.size, "job")
          : matching.length.toLocaleString() + " of " + plural(rows.size, "job");
    setText(
      count,
      (jobs.status.host ? cut(jobs.status.host, 60) + " · " : "") +
        (rows.size ? all : "") +
        (selection.size ? " · " + selection.size.toLocaleString() + " selected" : ""),
    );
    const unavailable = !live
      ? "No kernel is connected."
      : jobs.bulk.running
        ? "One thing at a time: the last is still being done."
        : "";
    const cancelled = jobs.bulk.targets("cancel").length;
    setText(cancel, selection.size > 0 && "Cancel " + plural(cancelled, "job"));
    setText(remove, selection.size > 0 && "Delete " + plural(selection.size, "operation"));
    disable(
      cancel,
      unavailable ||
        (cancelled || !selection.size ? "" : "None of them can be cancelled: they have ended."),
    );
    disable(remove, unavailable || (no_delete ? "This server does not delete operations." : ""));
    const exported = selection.size || matching.length;
    if (focusedNear(bar) !== copy) outcome = "";
    setText(copy, outcome || "Copy " + plural(exported, "row"));
    setText(save, "Save " + plural(exported, "row") + " as CSV");
    for (const each of [copy, save]) disable(each, exported ? "" : "There are no rows.");
    for (const each of [cancel, remove, clear]) {
      // The focus would be lost with the button; the table that gets it is drawn after this.
      if (!selection.size && focusedNear(bar) === each) queueMicrotask(leave);
      each.hidden = !selection.size;
    }
  }

  /** @param {HTMLButtonElement} each @param {string} reason why it is disabled, or "" */
  function disable(each, reason) {
    each.ariaDisabled = reason ? "true" : null;
    each.title = reason;
  }

  return { node: bar, draw };
}
