/** What is to be said of the list as a whole: loading, empty, failing, nobody there. */

import { LATER, SOON, clockTime, cut, duration } from "../shared/format.js";
import { focusedNear, make, plural, setText } from "../shared/dom.js";

/** What a fault of each kind is called, and what a person can do about it. */
const LIST_FAULTS = /** @type {Record<string, string[]>} */ ({
  retrying: ["The list could not be fetched", ""],
  refused: ["No permission to see the jobs", "Sign in again or ask for access, then try again."],
  stopped: ["No longer checked", "Run the cell again to go on."],
  action: ["That did not work", ""],
});

/**
 * @param {import("./store.js").Jobs} jobs
 * @param {() => void} clear shows all jobs again
 * @param {() => void} leave puts the focus elsewhere
 */
export function createNotice(jobs, clear, leave) {
  const offline = make("p", { className: "offline" });
  const [lead, countdown, rest] = [make("b"), make("span"), make("span")];
  // The alert speaks when it changes; the seconds in it had better not.
  countdown.setAttribute("aria-live", "off");
  const again = make("button", { type: "button", onclick: jobs.tryAgain });
  const sent = make("span");
  const alert = make("div", { role: "alert" }, lead, countdown, rest, again, sent);
  const callback = make("div", { role: "alert" });

  const [title, hint] = [make("b"), make("span")];
  const button = make("button", { type: "button", onclick: clear }, "Clear the filter");
  const bar = make("div", { className: "busy" }, make("i"));
  const instead = make("div", { className: "instead" }, title, hint, bar, button);

  function drawFault() {
    const { fault, fault_kind = "stopped", checked_at, retry_at } = jobs.status;
    const [name, next] = LIST_FAULTS[fault_kind] ?? LIST_FAULTS.stopped;
    const retrying = fault_kind === "retrying";
    const seconds = (jobs.here(retry_at) - Date.now()) / 1000 + 0.99;
    const known = retrying && checked_at && jobs.rows.size;
    alert.hidden = !fault;
    alert.dataset.kind = fault_kind;
    setText(lead, !!fault && (known ? "Last checked " + clockTime(jobs.here(checked_at)) : name));
    setText(countdown, !!fault && retrying && jobs.live && ", retrying " + (seconds >= 1 ? "in " + duration(seconds) : "now"));
    setText(rest, !!fault && ": " + cut(fault).replace(/\.?$/, next && ". ") + next);
  }

  function drawAgain() {
    const { live, retry, status: { fault, fault_kind = "" } } = jobs;
    const offered = live && fault && !/retrying|action/.test(fault_kind);
    if (!offered && focusedNear(again) === again) leave();
    again.hidden = !offered;
    again.ariaDisabled = retry && "true";
    setText(again, offered && "Try again");
    setText(sent, offered && !!retry && (Date.now() - retry.at >= SOON ? LATER : "Sending…"));
  }

  /** What stands where the rows would be. Only a full list without a row means that there are no jobs. */
  function words() {
    const { rows, status, live, waiting, known } = jobs;
    if (rows.matching.length) return ["", ""];
    if (rows.size) {
      return ["No job matches" + (known ? "" : " so far"), "None of " + plural(rows.size, "job") + " matches the search and the state."];
    }
    if (!live) return ["No jobs are known", "Run the cell again to see them."];
    if (known && (status.fault || waiting)) return ["There were no jobs on this server when it was last checked", ""];
    if (known) return ["No jobs yet on this server", "They appear here by themselves, whoever starts them."];
    if (status.fault) return ["No jobs could be fetched yet", ""];
    return ["Loading " + (status.total ? plural(status.total, "job") : "jobs") + "…",
      waiting || (status.host ? "from " + status.host : "")];
  }

  return {
    /** Above the table. */
    above: make("div", {}, offline, alert, callback),
    /** In the table's place. */
    instead,

    draw() {
      const { rows, live, status } = jobs;
      const [text, more] = words();
      setText(title, text);
      setText(hint, more);
      instead.hidden = !text;
      bar.hidden = !jobs.loading;
      button.hidden = !rows.size;
      const said = !live ? "No kernel is connected: " +
        (rows.size ? "this is what was known last, and nothing can be done here. " : "") + "Run the cell again to go on."
        // Where there are no rows, it is said in their place.
        : rows.size ? jobs.waiting : "";
      setText(offline, said);
      offline.hidden = !said;
      setText(callback, cut(status.callback_error));
      callback.hidden = !status.callback_error;
      drawFault();
      drawAgain();
    },

    tick() {
      drawFault();
      drawAgain();
    },
  };
}
