/** Report of an action on several jobs: its progress, and the error of each job that failed. */

import { make, plural, setText } from "../../shared/dom.js";
import { cut, SLOW_ACK_MS, WAITING_FOR_KERNEL } from "../../shared/format.js";
import { BULK_LABELS, nameOf } from "./labels.js";

/** Maximum number of failures that a report lists; it counts the others. */
const MAX_LISTED = 100;

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {ReturnType<typeof import("../../shared/question.js").createButtons>} view
 * @param {() => void} leave moves the focus into the table
 */
export function createBulkReport(jobs, { button }, leave) {
  const status = make("div", { role: "status" });
  const failures = make("ul");
  const headline = make("b");
  const alert = make("div", { role: "alert" }, headline, failures);
  const dismiss = button("dismiss", "Dismiss", () => {
    jobs.bulk.dismiss();
    leave();
  });
  const report = make("div", { className: "report" }, status, alert, dismiss);

  function draw() {
    const { current: bulk } = jobs.bulk;
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
      .map(([key, text]) => nameOf(jobs.rows, key) + ": " + cut(text, 300));
    if (failed.length > MAX_LISTED)
      lines.push("and " + (failed.length - MAX_LISTED).toLocaleString() + " more");
    if (failures.textContent !== lines.join(""))
      failures.replaceChildren(...lines.map((line) => make("li", {}, line)));
    dismiss.hidden = !done?.over;
  }

  return { node: report, draw };
}
