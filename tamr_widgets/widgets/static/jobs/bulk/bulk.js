/** Actions on all selected rows: one confirmation, then a report with the error of each job. */

import { make } from "../../shared/dom.js";
import { createButtons } from "../../shared/question.js";
import { createBulkBar } from "./bar.js";
import { createBulkQuestion } from "./question.js";
import { createBulkReport } from "./report.js";

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {() => void} leave moves the focus into the table
 */
export function createBulk(jobs, leave) {
  const view = createButtons();
  const bar = createBulkBar(jobs, view, leave);
  const question = createBulkQuestion(jobs, view, bar.node, leave);
  const report = createBulkReport(jobs, view, leave);
  const node = make("div", { className: "bulk" }, bar.node, question.node, report.node);

  return {
    node,
    draw() {
      for (const part of [bar, question, report]) part.draw();
      node.hidden = !jobs.rows.size && !jobs.bulk.current;
    },
    tick: report.draw,
  };
}
