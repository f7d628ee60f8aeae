/** Shows every variant of the panel on one page, for review and for tests. */

const at = (/** @type {number} */ secondsAgo) => Date.now() - 1000 * secondsAgo;
const TRACE =
  "org.apache.spark.sql.AnalysisException: cannot resolve 'customer_id' given input columns\n" +
  Array.from(
    { length: 60 },
    (_, i) =>
      `\tat org.apache.spark.sql.catalyst.analysis.CheckAnalysis$$anonfun$${i}.apply(CheckAnalysis.scala:${110 + i})`,
  ).join("\n");

const job = {
  id: "17",
  type: "SPARK",
  description: "Train Mastering Model",
  created_by: "admin",
  created_at: at(146),
  as_of: at(0),
  server: "production",
  code: 'client.operation("17")',
};
const running = {
  ...job,
  state: "RUNNING",
  started_at: at(134),
  message: "Spark driver running on worker 10.0.0.7",
};
const ended = { ...job, started_at: at(134), ended_at: at(20), resolved: true };
const estimate = { median: 170, low: 150, high: 205, samples: 20 };
const queue = { median: 85, low: 65, high: 115, samples: 25 };
const runs = Array.from({ length: 20 }, (_, i) => [
  at(90000 * (20 - i)),
  110 + ((i * 37) % 23) + 2 * i,
  ...(i === 6 ? ["FAILED"] : i === 13 ? ["CANCELED"] : []),
]);
const past = {
  runs,
  usual: { median: 150, low: 135, high: 170, samples: 20 },
  change: 0.45,
  since: at(28 * 86400 + 60),
};
const kernel = { checked_at: at(11), retry_at: at(-6) };

/** Facts by name; `$` has values that the state of the page gets in addition. */
export const VARIANTS = {
  pending: { ...job, state: "PENDING", message: "Job has been submitted to the executor" },
  "pending, with the queue's past": {
    ...job,
    created_at: at(5),
    state: "PENDING",
    queue: { median: 12, low: 8, high: 60, samples: 20 },
  },
  "third in the queue": {
    ...job,
    created_at: at(5),
    state: "PENDING",
    queue,
    estimate,
    ahead: { count: 2, names: ["Update Clusters", "Materialize views [suppliers] to Elastic"] },
  },
  "behind many, of unknown length": {
    ...job,
    state: "PENDING",
    ahead: { count: 9, names: ["Update Clusters", "x".repeat(100), "Train"] },
  },
  "queued longer than usual": {
    ...job,
    state: "PENDING",
    queue,
    ahead: { count: 1, names: ["Update Clusters"] },
  },
  running: running,
  "running, estimated": { ...running, estimate },
  "running, later than the median": { ...running, estimate: { ...estimate, median: 120 } },
  "longer than usual": { ...running, estimate: { median: 70, low: 60, high: 80, samples: 20 } },
  "past runs": { ...running, estimate, past, $: { open: true } },
  "past runs, longer than usual": {
    ...running,
    started_at: at(400),
    estimate: past.usual,
    past,
    $: { open: true },
  },
  "past runs, one of them": {
    ...job,
    state: "PENDING",
    past: { runs: [[at(9000), null, "CANCELED"]] },
    $: { open: true },
  },
  "past runs, failed": {
    ...ended,
    state: "FAILED",
    past,
    $: { open: true },
  },
  "running without a start": { ...job, state: "RUNNING" },
  cancelling: { ...running, state: "CANCELING", message: "Job has been marked for cancellation" },
  quarantined: { ...running, state: "QUARANTINED" },
  "no state": { ...job },
  succeeded: { ...ended, state: "SUCCEEDED" },
  failed: { ...ended, state: "FAILED", message: TRACE.split("\n")[0], details: TRACE },
  "failed, opened": {
    ...ended,
    state: "FAILED",
    message: TRACE.split("\n")[0],
    details: TRACE,
    $: { open: true },
  },
  cancelled: {
    ...ended,
    state: "CANCELED",
    message: "Running job canceled by admin at step 3 of 8",
  },
  "cancelled by a user": {
    ...ended,
    state: "CANCELED",
    message: "Cancelled by admin, at step 3 of 8",
    details: "Running job canceled by admin at step 3 of 8\n\nApplication killed by user.",
  },
  export: {
    ...ended,
    type: "projectExport",
    state: "SUCCEEDED",
    artifact: "/container/ubuntu/tamr/projectExports/minimal_mastering-2021-07-05_16-16-30-425.zip",
  },
  notified: { ...running, notified: ["Slack", "E-Mail"], $: { desktop: true } },
  "not notified": {
    ...running,
    notified: ["Slack"],
    callback_error:
      "Slack was not notified: its response had HTTP status 404. Check the arguments of notify().",
  },
  "question: a job of another user": {
    ...running,
    created_by: "nightly",
    by_other: true,
    $: { asking: "cancel" },
  },
  noop: {
    id: "-1",
    type: "NOOP",
    description: "Up to date",
    state: "SUCCEEDED",
    resolved: true,
    as_of: at(0),
  },
  waiting: { ...running, waiting: true, timeout: 60 },
  "wait timed out": { ...running, outcome: "Still running after 60 s." },
  "question: cancel": { ...running, $: { asking: "cancel" } },
  "question: delete": { ...ended, state: "SUCCEEDED", $: { asking: "delete" } },
  "busy cancelling": { ...running, busy: "cancel" },
  "just pressed": { ...running, $: { sent: { wait: { seq: 1, at: at(0) } } } },
  "kernel is busy": { ...running, $: { sent: { wait: { seq: 1, at: at(9) } } } },
  deleted: { ...ended, state: "SUCCEEDED", deleted: true, outcome: "Deleted." },
  "delete refused": {
    ...ended,
    state: "SUCCEEDED",
    no_delete: true,
    outcome: "This server does not delete operations.",
  },
  retrying: { ...running, error: "the server answered 502", error_kind: "retrying", ...kernel },
  gone: {
    ...running,
    error:
      "GET operations/17 was answered by 404 Not Found. It may have been deleted, or never existed; look at Tamr's Jobs page.",
    error_kind: "gone",
  },
  refused: {
    ...running,
    error:
      "GET operations/17 was answered by 401 Unauthorized: Credentials are required to access this resource. Check the user name and password (or token) and make a new Client.",
    error_kind: "refused",
  },
  stopped: {
    ...running,
    error: "This client was closed. Make a new Client.",
    error_kind: "stopped",
  },
  "action failed": {
    ...running,
    error: "the cancel request got no answer within 30 s",
    error_kind: "action",
  },
  "a callback that raised": {
    ...running,
    callback_error: "A callback of this notebook raised ValueError: the table is not there",
  },
  "the kernel is silent": {
    ...running,
    $: { waiting: "The kernel does not answer; it may be busy with a cell." },
  },
  "no kernel": { ...running, $: { live: false } },
  "no kernel, ended": { ...ended, state: "SUCCEEDED", $: { live: false } },
  days: { ...running, created_at: at(360000), started_at: at(300000) },
  hostile: {
    ...running,
    description:
      "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;\u0000\u202Etxet desrever",
    message: "<b>bold</b> \u202Egnorw si siht \u2066and this",
    created_by: "<i>admin</i>",
    type: "\u202EKRAPS",
  },
  "right to left": {
    ...running,
    description: "تدريب نموذج الإتقان",
    message: "الوظيفة قيد التشغيل",
  },
  "long words": {
    ...ended,
    state: "FAILED",
    description: "projectExport-minimal_mastering".repeat(12),
    message: "x".repeat(900),
    details: "y".repeat(4000),
  },
  "a megabyte": {
    ...running,
    description: "lorem ipsum ".repeat(90000),
    message: "dolor sit amet ".repeat(70000),
  },
  bare: { id: "9" },
};

/** @param {HTMLElement} container @param {(pair: [string, object]) => boolean} [choose] */
export async function mount(container, choose = () => true) {
  /** @type {any} */ (globalThis).TAMR_CSS ??= await (
    await fetch("/static/operation/panel.css")
  ).text();
  const [{ createPanel }, { createStore }, { insertStyles }] = await Promise.all(
    ["operation/panel", "operation/store", "shared/styles"].map(
      (name) => import(`/static/${name}.js`),
    ),
  );
  insertStyles(container);
  for (const [name, { $, ...facts }] of Object.entries(VARIANTS).filter(choose)) {
    const store = Object.assign(
      createStore(facts, () => 1),
      $,
    );
    const section = document.createElement("section");
    const heading = document.createElement("h2");
    heading.textContent = section.dataset.variant = name;
    section.append(heading, createPanel(store).node);
    container.append(section);
  }
}
