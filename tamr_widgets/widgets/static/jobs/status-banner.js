/** Status of the list as a whole: loading, empty, failing, or without a kernel. */

import { focusedNear, make, plural, setText } from "../shared/dom.js";
import { clockTime, cut, duration, pendingNote } from "../shared/format.js";

/** Title and advice by kind of error. */
const LIST_ERRORS = /** @type {Record<string, string[]>} */ ({
  retrying: ["The list could not be fetched", ""],
  refused: ["No permission to see the jobs", "Sign in again or ask for access, then try again."],
  stopped: ["No longer checked", "Run the cell again to go on."],
  action: ["That did not work", ""],
});

/**
 * @param {import("./store.js").Jobs} jobs
 * @param {() => void} clear shows all jobs again
 * @param {() => void} leave moves the focus away from a button that disappears
 */
export function createStatusBanner(jobs, clear, leave) {
  const offline = make("p", { className: "offline" });
  const [lead, countdown, details] = [make("b"), make("span"), make("span")];
  // Screen readers read an alert whenever it changes, which would include every second.
  countdown.setAttribute("aria-live", "off");
  const tryAgain = make("button", { type: "button", onclick: jobs.tryAgain });
  const sent = make("span");
  const alert = make("div", { role: "alert" }, lead, countdown, details, tryAgain, sent);
  const callback = make("div", { role: "alert" });
  const hints = make("div", { role: "note", className: "hints" });

  const [title, hint] = [make("b"), make("span")];
  const button = make("button", { type: "button", onclick: clear }, "Clear the filter");
  const bar = make("div", { className: "busy" }, make("i"));
  const placeholder = make("div", { className: "instead" }, title, hint, bar, button);

  function drawError() {
    const { error, error_kind = "stopped", checked_at, retry_at } = jobs.status;
    const [name, advice] = LIST_ERRORS[error_kind] ?? LIST_ERRORS.stopped;
    const retrying = error_kind === "retrying";
    const seconds = (jobs.toLocalTime(retry_at) - Date.now()) / 1000 + 0.99;
    const hasOldRows = retrying && checked_at && jobs.rows.size;
    alert.hidden = !error;
    alert.dataset.kind = error_kind;
    setText(
      lead,
      !!error && (hasOldRows ? "Last checked " + clockTime(jobs.toLocalTime(checked_at)) : name),
    );
    setText(
      countdown,
      !!error &&
        retrying &&
        jobs.live &&
        ", retrying " + (seconds >= 1 ? "in " + duration(seconds) : "now"),
    );
    setText(details, !!error && ": " + cut(error).replace(/\.?$/, advice && ". ") + advice);
  }

  function drawTryAgain() {
    const {
      live,
      retry,
      status: { error, error_kind = "" },
    } = jobs;
    const offered = live && error && !/retrying|action/.test(error_kind);
    if (!offered && focusedNear(tryAgain) === tryAgain) leave();
    tryAgain.hidden = !offered;
    tryAgain.ariaDisabled = retry && "true";
    setText(tryAgain, offered && "Try again");
    setText(sent, offered && !!retry && pendingNote(retry.at));
  }

  /** Title and hint in place of the rows. Only a complete list without a row means that there are no jobs. */
  function placeholderText() {
    const { rows, status, live, waiting, complete } = jobs;
    if (rows.matching.length) return ["", ""];
    if (rows.size) {
      return [
        "No job matches" + (complete ? "" : " so far"),
        "None of " + plural(rows.size, "job") + " matches the search and the state.",
      ];
    }
    if (!live) return ["No jobs are known", "Run the cell again to see them."];
    if (complete && (status.error || waiting))
      return ["There were no jobs on this server when it was last checked", ""];
    if (complete)
      return ["No jobs yet on this server", "They appear here by themselves, whoever starts them."];
    if (status.error) return ["No jobs could be fetched yet", ""];
    return [
      "Loading " + (status.total ? plural(status.total, "job") : "jobs") + "…",
      waiting || (status.host ? "from " + status.host : ""),
    ];
  }

  return {
    /** Above the table. */
    above: make("div", {}, offline, alert, callback, hints),
    /** In place of the table. */
    placeholder,

    draw() {
      const { rows, live, status } = jobs;
      const [text, more] = placeholderText();
      setText(title, text);
      setText(hint, more);
      placeholder.hidden = !text;
      bar.hidden = !jobs.loading;
      button.hidden = !rows.size;
      const offlineText = !live
        ? "No kernel is connected: " +
          (rows.size ? "this is what was known last, and nothing can be done here. " : "") +
          "Run the cell again to go on."
        : // Without rows, the placeholder says it.
          rows.size
          ? jobs.waiting
          : "";
      setText(offline, offlineText);
      offline.hidden = !offlineText;
      setText(callback, cut(status.callback_error));
      callback.hidden = !status.callback_error;
      const sentences = (live && status.hints) || [];
      if (hints.textContent !== sentences.join(""))
        hints.replaceChildren(...sentences.map((text) => make("p", {}, text)));
      hints.hidden = !sentences.length;
      drawError();
      drawTryAgain();
    },

    tick() {
      drawError();
      drawTryAgain();
    },
  };
}
