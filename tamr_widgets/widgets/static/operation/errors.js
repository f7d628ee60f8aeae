/** Alerts of a panel: the last error, with the time of the next try, and that of a callback. */

import { make, setText } from "../shared/dom.js";
import { between, clockTime, cut, duration } from "../shared/format.js";

/** @typedef {import("./store.js").Store} Store */

/** Title by kind of error; the advice is in the error's message. */
export const ERROR_TITLES = /** @type {Record<string, string>} */ ({
  gone: "Gone from the server",
  refused: "No permission",
  stopped: "No longer checked",
  retrying: "Not answered",
});

/** @param {Store} store */
export function createErrors(store) {
  const [lead, rest] = [make("b"), make("span")];
  const countdown = make("span");
  // Screen readers read an alert whenever it changes, which would include every second.
  countdown.setAttribute("aria-live", "off");
  const alert = make("div", { role: "alert" }, lead, countdown, rest);
  const callback = make("div", { role: "alert", hidden: true });
  callback.dataset.kind = "callback";

  return {
    nodes: [alert, callback],

    draw() {
      const { error = "", error_kind = "", checked_at, retry_at, callback_error } = store.facts;
      const retrying = error_kind === "retrying" && store.live;
      const seconds = between(Date.now(), store.toLocalTime(retry_at)) + 0.99;
      alert.dataset.kind = error_kind;
      alert.hidden = !error;
      setText(
        lead,
        !!error &&
          (checked_at
            ? "Last checked " + clockTime(store.toLocalTime(checked_at))
            : (ERROR_TITLES[error_kind] ?? "That did not work")),
      );
      setText(
        countdown,
        retrying && ", retrying " + (seconds >= 1 ? "in " + duration(seconds) : "now"),
      );
      setText(rest, !!error && ": " + cut(error));
      setText(callback, cut(callback_error));
      callback.hidden = !callback_error;
    },
  };
}
