/** Actions on all selected rows: one confirmation, then a report with the error of each job. */

import { copyText, focusedNear, make, plural, setText } from "../shared/dom.js";
import { cut, SLOW_ACK_MS, WAITING_FOR_KERNEL } from "../shared/format.js";

import { csvOf, saveCsv, tsvOf } from "./export.js";

/** Maximum number of jobs that a confirmation names; it counts the others. */
const MAX_NAMED = 3;
/** Maximum number of failures that a report lists; it counts the others. */
const MAX_LISTED = 100;

const BULK_LABELS = {
  cancel: {
    ask: "Cancel",
    noun: "job",
    no: "Keep running",
    going: "Cancelling",
    done: "Cancelled",
  },
  delete: { ask: "Delete", noun: "operation", no: "Keep", going: "Deleting", done: "Deleted" },
};

/**
 * @param {import("./store.js").Jobs} jobs
 * @param {() => void} leave moves the focus into the table
 */
export function createBulkBar(jobs, leave) {
  /** @param {string} value @param {() => void} act */
  const button = (value, act) => {
    const made = make("button", { type: "button", value });
    // The second click of a double click would hit a button that the first one revealed.
    made.onclick = ({ detail }) => detail > 1 || made.ariaDisabled || act();
    return made;
  };
  const count = make("span");
  const cancel = button("cancel", () => jobs.requestConfirmation("cancel"));
  const remove = button("delete", () => jobs.requestConfirmation("delete"));
  const clear = button("clear", () => {
    jobs.select((selection) => selection.replace([]));
    leave();
  });
  const copy = button("copy", async () => {
    const rows = chosen();
    await copyText(tsvOf(rows, jobs.now()), node);
    jobs.announce(plural(rows.length, "row") + " copied");
    setText(copy, "Copied");
  });
  copy.onblur = () => drawBar();
  const save = button("save", () => {
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

  const [prompt, names] = [make("b"), make("span")];
  const no = button("no", () => jobs.confirm(false));
  const yes = button("yes", () => jobs.confirm(true));
  const question = make(
    "div",
    { role: "group", className: "question", hidden: true },
    prompt,
    names,
    no,
    yes,
  );

  const status = make("div", { role: "status" });
  const failures = make("ul");
  const headline = make("b");
  const alert = make("div", { role: "alert" }, headline, failures);
  const dismiss = button("dismiss", () => {
    jobs.bulk = null;
    jobs.draw();
    leave();
  });
  setText(dismiss, "Dismiss");
  setText(clear, "Clear selection");
  const report = make("div", { className: "report" }, status, alert, dismiss);
  const node = make("div", { className: "bulk" }, bar, question, report);

  /** The rows to copy or save, in the order of the table: the selected ones, or all that match. */
  function chosen() {
    const { rows, selection } = jobs;
    const inTable = rows.matching.filter(({ key }) => selection.has(key));
    const others = selection.keys.map(rows.get).filter((row) => row !== undefined && row.index < 0);
    return selection.size
      ? [...inTable, .../** @type {import("./table/rows.js").Row[]} */ (others)]
      : rows.matching;
  }

  /** @param {string} key */
  const nameOf = (key) => {
    const text = jobs.rows.get(key)?.description || "Operation";
    return cut(text, 60) + " (" + cut(key, 60) + ")";
  };
  const more = (/** @type {number} */ count) =>
    count > 0 ? ", and " + count.toLocaleString() + " more" : "";

  /** Names the other users who started some of the jobs, if this user's name is known. @param {string[]} keys */
  function startedByOthers(keys) {
    const { user } = jobs.status;
    const others = keys
      .map((key) => jobs.rows.get(key)?.user ?? "")
      .filter((other) => user && other && other !== user);
    if (!others.length) return "";
    const users = [...new Set(others)].map((other) => cut(other, 60));
    return (
      (keys.length === 1
        ? ". It was"
        : others.length === keys.length
          ? ". They were"
          : ". " + others.length.toLocaleString() + " of them were") +
      " started by " +
      users.slice(0, MAX_NAMED).join(", ") +
      more(users.length - MAX_NAMED) +
      ", not by you."
    );
  }

  const running = () => jobs.bulk && !jobs.bulk.asking && !jobs.bulk.report?.over;

  function drawBar() {
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
      : running()
        ? "One thing at a time: the last is still being done."
        : "";
    const cancelled = jobs.targets("cancel").length;
    setText(cancel, selection.size > 0 && "Cancel " + plural(cancelled, "job"));
    setText(remove, selection.size > 0 && "Delete " + plural(selection.size, "operation"));
    disable(
      cancel,
      unavailable ||
        (cancelled || !selection.size ? "" : "None of them can be cancelled: they have ended."),
    );
    disable(remove, unavailable || (no_delete ? "This server does not delete operations." : ""));
    const exported = selection.size || matching.length;
    if (focusedNear(copy) !== copy || copy.textContent !== "Copied")
      setText(copy, "Copy " + plural(exported, "row"));
    setText(save, "Save " + plural(exported, "row") + " as CSV");
    for (const each of [copy, save]) disable(each, exported ? "" : "There are no rows.");
    for (const each of [cancel, remove, clear]) each.hidden = !selection.size;
    node.hidden = !rows.size && !jobs.bulk;
  }

  /** @param {HTMLButtonElement} each @param {string} reason why it is disabled, or "" */
  function disable(each, reason) {
    each.ariaDisabled = reason ? "true" : null;
    each.title = reason;
  }

  function drawQuestion() {
    const { bulk } = jobs;
    const [from, asking] = [focusedNear(node), !!bulk?.asking];
    if (asking === !question.hidden) return;
    if (bulk?.asking) {
      const { ask, noun, no: keep } = BULK_LABELS[bulk.action];
      const [named, them] = [bulk.ids.slice(0, MAX_NAMED), bulk.ids.length === 1 ? "it" : "them"];
      const where =
        (bulk.action === "cancel" ? " on " : " from ") + (jobs.status.host || "the server") + "?";
      setText(prompt, ask + " " + plural(bulk.ids.length, noun) + where);
      setText(
        names,
        named.map(nameOf).join(", ") +
          more(bulk.ids.length - MAX_NAMED) +
          startedByOthers(bulk.ids),
      );
      setText(no, bulk.action === "cancel" ? keep : keep + " " + them);
      setText(yes, "Yes, " + ask.toLowerCase() + " " + them);
      question.ariaLabel = prompt.textContent;
      question.dataset.asking = bulk.action;
    }
    question.hidden = !asking;
    if (asking && bar.contains(from)) no.focus();
    bar.hidden = asking;
    if (asking || !question.contains(from)) return;
    const back = question.dataset.asking === "cancel" ? cancel : remove;
    if (back.hidden) leave();
    else back.focus();
  }

  function drawReport() {
    const { bulk } = jobs;
    const done = bulk?.report;
    const { going, done: past, noun } = BULK_LABELS[bulk?.action ?? "cancel"];
    const notTried = done?.not_tried ?? 0;
    const failed = done?.failed.slice(0, done.failed.length - notTried) ?? [];
    const total = done?.of ?? bulk?.ids.length ?? 0;
    const succeeded = (done?.done ?? 0) - failed.length - notTried;
    report.hidden = !bulk || bulk.asking;
    setText(
      status,
      report.hidden
        ? ""
        : done?.over
          ? past +
            " " +
            (failed.length || notTried ? succeeded.toLocaleString() + " of " : "") +
            plural(total, noun) +
            "." +
            (notTried
              ? " " +
                plural(notTried, noun) +
                (notTried === 1 ? " was" : " were") +
                " not tried, since the same would have happened, and stayed selected."
              : "")
          : bulk && !bulk.acknowledged && Date.now() - bulk.at >= SLOW_ACK_MS
            ? WAITING_FOR_KERNEL
            : going +
              " " +
              plural(total, noun) +
              (done ? ": " + done.done.toLocaleString() + " done…" : "…"),
    );
    alert.hidden = !failed.length;
    setText(
      headline,
      failed.length > 0 &&
        plural(failed.length, noun) +
          " could not be " +
          past.toLowerCase() +
          (done?.over ? " and stayed selected:" : ":"),
    );
    const lines = failed
      .slice(0, MAX_LISTED)
      .map(([key, text]) => nameOf(key) + ": " + cut(text, 300));
    if (failed.length > MAX_LISTED)
      lines.push("and " + (failed.length - MAX_LISTED).toLocaleString() + " more");
    if (failures.textContent !== lines.join(""))
      failures.replaceChildren(...lines.map((line) => make("li", {}, line)));
    dismiss.hidden = !done?.over;
  }

  // Some browsers would take the focus away on a press of the mouse, which closes the confirmation.
  question.onmousedown = (event) => event.preventDefault();
  question.onkeydown = ({ key }) => key === "Escape" && jobs.confirm(false);
  question.addEventListener("focusout", () => {
    queueMicrotask(() => {
      // A view that is removed from the page loses its focus too, which must not close the confirmation.
      if (node.isConnected && document.hasFocus() && !question.contains(focusedNear(node)))
        jobs.confirm(false);
    });
  });

  return {
    node,
    draw() {
      drawBar();
      drawQuestion();
      drawReport();
    },
    tick: drawReport,
  };
}
