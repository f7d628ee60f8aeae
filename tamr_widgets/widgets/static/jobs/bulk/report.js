/** Report of an action on several jobs: its progress, and the error of each job that failed. */

import { make, plural, setText } from "../../shared/dom.js";
import { cut, pendingNote } from "../../shared/format.js";
import { BULK_LABELS, nameOf } from "./labels.js";

/** @typedef {import("../../shared/protocol.js").Report} Report */

/** Maximum number of failures that a report lists; it counts the others. */
const MAX_LISTED = 100;

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {ReturnType<typeof import("../../shared/question.js").createButtons>} view
 * @param {() => void} leave moves the focus into the table
 */
export function createBulkReport(jobs, { button }, leave) {
  const [outcome, progress] = [make("span"), make("span")];
  // Progress is reported five times a second; screen readers are to read the beginning and the end.
  progress.ariaLive = "off";
  const status = make("div", { role: "status" }, outcome, progress);
  const failures = make("ul");
  const headline = make("b");
  const alert = make("div", { role: "alert" }, headline, failures);
  const dismiss = button("dismiss", "Dismiss", () => {
    jobs.bulk.dismiss();
    leave();
  });
  const report = make("div", { className: "report" }, status, alert, dismiss);

  /** @param {import("./action.js").Bulk} bulk @param {number} failed the number of jobs that were tried and failed */
  function drawStatus({ action, ids, at, acknowledged, report: done }, failed) {
    const { going, done: past, noun } = BULK_LABELS[action];
    const total = done?.of ?? ids.length;
    if (done?.over) {
      const notTried = done.not_tried ?? 0;
      const succeeded = done.done - failed - notTried;
      setText(
        outcome,
        past +
          " " +
          (failed || notTried ? succeeded.toLocaleString() + " of " : "") +
          plural(total, noun) +
          "." +
          (notTried
            ? " " +
              plural(notTried, noun) +
              (notTried === 1 ? " was" : " were") +
              " not tried, since the same would have happened, and stayed selected."
            : ""),
      );
      return setText(progress);
    }
    const waiting = !acknowledged && !done && pendingNote(at, "");
    setText(outcome, waiting || going + " " + plural(total, noun));
    setText(
      progress,
      !waiting &&
        (done ? ": " + done.done.toLocaleString() + " done" : "") +
          (jobs.live ? "…" : " when the kernel was lost."),
    );
  }

  /** @param {import("./action.js").Bulk} bulk @param {Report["failed"]} failed */
  function drawFailures({ action, report: done }, failed) {
    const { done: past, noun } = BULK_LABELS[action];
    alert.hidden = !failed.length;
    // An alert is read as a whole whenever it changes: once, when the list is complete.
    alert.ariaLive = done?.over ? null : "off";
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
      .map(([key, text]) => nameOf(jobs.rows, key) + ": " + cut(text, 300));
    if (failed.length > MAX_LISTED)
      lines.push("and " + (failed.length - MAX_LISTED).toLocaleString() + " more");
    if (failures.textContent !== lines.join(""))
      failures.replaceChildren(...lines.map((line) => make("li", {}, line)));
  }

  function draw() {
    const { current: bulk } = jobs.bulk;
    report.hidden = !bulk || bulk.asking;
    if (!bulk || report.hidden) {
      for (const text of [outcome, progress, headline, failures]) setText(text);
      return;
    }
    const { failed = [], not_tried = 0, over } = bulk.report ?? {};
    const tried = failed.slice(0, failed.length - not_tried);
    drawStatus(bulk, tried.length);
    drawFailures(bulk, tried);
    dismiss.hidden = !over && jobs.live;
  }

  return { node: report, draw };
}
