/** Copies rows as tab-separated values, and saves them as a CSV file, without the kernel. */

import { queuedFor, ranFor } from "./table/columns.js";

/** @typedef {import("./table/indexed-row.js").Row} Row */

/** Values by column, under the names of JobsWidget.to_frame(). @type {Record<string, (row: Row, now: number) => string | number | null>} */
const EXPORTED = {
  id: (row) => row.key,
  state: (row) => row.state,
  description: (row) => row.description,
  type: (row) => row.type,
  created_by: (row) => row.user,
  created_at: (row) => isoTime(row.created),
  started_at: (row) => isoTime(row.started),
  ended_at: (row) => isoTime(row.ended),
  queued_seconds: (row, now) => wholeSeconds(queuedFor(row, now)),
  elapsed_seconds: (row, now) => wholeSeconds(ranFor(row, now)),
  reason: (row) => row.reason,
  succeeded_since: (row) => (typeof row.since === "number" ? isoTime(row.since) : ""),
};

/** @param {number | null} ms */
const isoTime = (ms) => (ms === null ? "" : new Date(ms).toISOString());
/** @param {number} seconds */
const wholeSeconds = (seconds) => (seconds >= 0 ? Math.round(seconds) : "");

/** A value as text that no spreadsheet takes for a formula. @param {string | number | null} value */
const harmless = (value) =>
  typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value ?? "");

/** A table of texts, with the names of the columns. @param {Row[]} rows @param {number} now */
const tableOf = (rows, now) => [
  Object.keys(EXPORTED),
  ...rows.map((row) => Object.values(EXPORTED).map((value) => harmless(value(row, now)))),
];

/** @param {string} value */
const quoted = (value) => '"' + value.replaceAll('"', '""') + '"';

/** Tab-separated values, which spreadsheets paste as cells; they too take quotes for their own. @param {Row[]} rows @param {number} now */
export const tsvOf = (rows, now) =>
  tableOf(rows, now)
    .map((values) =>
      values
        .map((value) => value.replace(/[\t\r\n]+/g, " "))
        .map((value) => (value.includes('"') ? quoted(value) : value))
        .join("\t"),
    )
    .join("\n");

/** Comma-separated values as in RFC 4180. @param {Row[]} rows @param {number} now */
export const csvOf = (rows, now) =>
  tableOf(rows, now)
    .map(
      (values) =>
        values.map((value) => (/[",\r\n]/.test(value) ? quoted(value) : value)).join(",") + "\r\n",
    )
    .join("");

/** Lets the browser save a CSV file. @param {string} name @param {string} csv */
export function saveCsv(name, csv) {
  const link = document.createElement("a");
  // With this mark, spreadsheets read it as UTF-8.
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
