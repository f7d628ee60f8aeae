/** Formats states, durations and times for people. */

/** Time without an acknowledgement after which a note beside a click says that it waits. */
const SLOW_ACK_MS = 2000;

/** Milliseconds since a time of this page's clock; one that was set back does not stop them. @param {number} ms */
export const elapsedMs = (ms) => Math.abs(Date.now() - ms);

/** Note beside a click that is not acknowledged yet. @param {number} at when it was sent */
export const pendingNote = (at, note = "Sending…") =>
  elapsedMs(at) < SLOW_ACK_MS
    ? note
    : "Waiting for the kernel, which may be busy with a cell; this will be done when it answers.";

/** Controls of the text direction, which would also reorder the text around a name. */
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Truncates a text between two characters, and removes what would reorder other text. @param {string} [text] */
export const cut = (text = "", length = 999) =>
  (text.length > length
    ? text.slice(0, length).replace(/[\ud800-\udbff]$/, "") + "…"
    : text
  ).replace(BIDI_CONTROLS, "");

/** Label and icon shape (an SVG path of 16 by 16) by state. @type {Record<string, string[]>} */
const STATES = {
  PENDING: ["Pending", "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2"],
  RUNNING: ["Running", "M5 3l8 5-8 5z"],
  CANCELING: ["Cancelling", "M8 2a6 6 0 1 0 .1 0M5 8h6"],
  SUCCEEDED: ["Succeeded", "M3 8l4 4 6-8"],
  FAILED: ["Failed", "M3 3l10 10M13 3l-10 10"],
  CANCELED: ["Cancelled", "M8 2a6 6 0 1 0 .1 0M4 12l8-8"],
};

/** Label and shape of a state; the label of an unknown state is the server's own text. */
export const describe = (state = "") =>
  Object.hasOwn(STATES, state) ? STATES[state] : [state || "State not known", "M8 2l6 6-6 6-6-6z"];

/**
 * Formats seconds as "2 min 14 s": at most two units, rounded down like a running clock; the same
 * as duration() in html.py. Returns "" for a value that is not finite.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  let rest = Math.max(0, Math.floor(seconds));
  const parts = Object.entries({ d: 86400, h: 3600, min: 60, s: 1 }).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return count && count + " " + unit;
  });
  const first = parts.findIndex(Boolean);
  return (
    parts
      .slice(first, first + 2)
      .filter(Boolean)
      .join(" ") || "0 s"
  );
}

/** Returns a time within the range of Date, else null. @param {unknown} ms */
export const timeOf = (ms) => (typeof ms === "number" && Math.abs(ms) <= 8.64e15 ? ms : null);

/** Formats a time in the reader's time zone, with the date unless it is today's. @param {number} ms */
export function clockTime(ms) {
  const date = new Date(ms);
  if (Number.isNaN(+date)) return "";
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString()
    : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** Seconds between two times, NaN if one is unknown. @param {number} [from] @param {number} [to] */
export const between = (from = NaN, to = NaN) => (to - from) / 1000;
