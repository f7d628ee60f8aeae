/** Marks of a time axis, by the reader's calendar. All times are in milliseconds. */

import { dayOf, hourOf, monthOf } from "./moments.js";

const [MINUTE, HOUR, DAY] = [60000, 3600000, 86400000];
const TIMES = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
];
const DAYS = [1, 2, 7, 14, 30];
const MONTHS = [3, 12];
/** Maximum lengths of a month and a year, so that there are never too many marks. */
const [MONTH, YEAR] = [31 * DAY, 366 * DAY];

/** Shifts a time so that its UTC fields are the local ones. @param {number} time */
const toLocal = (time) => time - new Date(time).getTimezoneOffset() * MINUTE;

/** Start of a local day; days are counted from 1970. @param {number} day */
function midnight(day) {
  const date = new Date(day * DAY);
  const local = new Date(2000, 0, 1);
  local.setFullYear(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return local.getTime();
}

/** Start of a local month; months are counted from year 0. @param {number} month */
function firstOf(month) {
  const local = new Date(2000, 0, 1);
  local.setFullYear(Math.floor(month / 12), month % 12, 1);
  return local.getTime();
}

/** The next time whose local time is a multiple of `step`. @param {number} time @param {number} step */
function after(time, step) {
  const next = time + step - modulo(toLocal(time), step);
  // If the time zone's offset changes in between, the nearest multiple that exists.
  const past = modulo(toLocal(next), step);
  const near = past < step / 2 ? [next - past, next + step - past] : [next + step - past];
  return near.find((each) => each > time && modulo(toLocal(each), step) === 0) ?? next + step;
}

/** @param {number} n @param {number} step */
const modulo = (n, step) => ((n % step) + step) % step;

/** @param {number} from @param {number} to @param {number} maxMarks */
export function ticks(from, to, maxMarks) {
  const minStep = (to - from) / maxMarks;
  const step = TIMES.find((each) => each >= minStep);
  const days = DAYS.find((each) => each * DAY >= minStep);
  const months = MONTHS.find((each) => each * MONTH >= minStep) ?? 12 * Math.ceil(minStep / YEAR);
  /** @type {{time: number, text: string}[]} */
  const marks = [];
  /** @param {number} time @param {string} text */
  const mark = (time, text) => time >= from && time <= to && marks.push({ time, text });

  if (!(from < to)) return marks;
  if (step) {
    let day = "";
    for (let time = after(from - 1, step); time <= to; time = after(time, step)) {
      const begins = toLocal(time) % DAY === 0 && dayOf(time) !== day;
      if (begins) day = dayOf(time);
      mark(time, begins ? day : hourOf(time));
    }
  } else if (days) {
    for (let day = Math.floor(toLocal(from) / DAY / days) * days; midnight(day) <= to; day += days)
      mark(midnight(day), dayOf(midnight(day)));
  } else {
    const first = new Date(from).getFullYear() * 12 + new Date(from).getMonth();
    for (let month = Math.floor(first / months) * months; firstOf(month) <= to; month += months)
      mark(firstOf(month), monthOf(firstOf(month)));
  }
  return marks;
}
