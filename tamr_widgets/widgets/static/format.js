/** Words for states, durations and times. */

/** @type {Record<string, string>} */
const WORDS = {
  PENDING: "Pending",
  RUNNING: "Running",
  CANCELING: "Cancelling",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  CANCELED: "Cancelled",
};

/** @type {[string, number][]} */
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** A state in words; one that is not known as the server wrote it. @param {string} [state] */
export const stateWord = (state) => state ? WORDS[state] ?? state : "State not known";

/** "2 min 14 s": at most two units, rounded down as a running clock is. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([, size]) => whole >= size);
  return UNITS.slice(first, first + 2)
    .map(([unit, size], i) => [Math.floor(i ? whole % UNITS[first][1] / size : whole / size), unit])
    .filter(([n]) => n).map((part) => part.join(" ")).join(" ") || "0 s";
}

/** The time of day for the reader, with the date unless it is today's. @param {number} ms */
export function clockTime(ms) {
  const date = new Date(ms);
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString()
    : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
