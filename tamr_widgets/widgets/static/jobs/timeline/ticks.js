/** Where a time axis is marked, and with what. Milliseconds throughout, by the reader's calendar. */

import { dayOf, hourOf, monthOf } from "./moments.js";

const [MINUTE, HOUR, DAY] = [60000, 3600000, 86400000];
const TIMES = [...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), ...[1, 2, 3, 6, 12].map((n) => n * HOUR)];
const DAYS = [1, 2, 7, 14, 30];
const MONTHS = [3, 12];
/** As long as a month and a year are at most, so that there are never too many marks. */
const [MONTH, YEAR] = [31 * DAY, 366 * DAY];

/** What the clock on the wall says, as if its zone were UTC. @param {number} time */
const wall = (time) => time - new Date(time).getTimezoneOffset() * MINUTE;

/** The first moment of a day of the calendar; days count from 1970. @param {number} day */
function midnight(day) {
  const date = new Date(day * DAY);
  const local = new Date(2000, 0, 1);
  local.setFullYear(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return local.getTime();
}

/** The first moment of a month of the calendar; months count from year 0. @param {number} month */
function firstOf(month) {
  const local = new Date(2000, 0, 1);
  local.setFullYear(Math.floor(month / 12), month % 12, 1);
  return local.getTime();
}

/** The next time at which the clock on the wall shows a multiple of `step`. @param {number} time @param {number} step */
function after(time, step) {
  const next = time + step - modulo(wall(time), step);
  // Where the clocks were changed in between, the nearest one that there is.
  const past = modulo(wall(next), step);
  const near = past < step / 2 ? [next - past, next + step - past] : [next + step - past];
  return near.find((each) => each > time && modulo(wall(each), step) === 0) ?? next + step;
}

/** @param {number} n @param {number} step */
const modulo = (n, step) => (n % step + step) % step;

/** @param {number} from @param {number} to @param {number} most marks */
export function ticks(from, to, most) {
  const least = (to - from) / most;
  const step = TIMES.find((each) => each >= least);
  const days = DAYS.find((each) => each * DAY >= least);
  const months = MONTHS.find((each) => each * MONTH >= least) ?? 12 * Math.ceil(least / YEAR);
  /** @type {{time: number, text: string}[]} */
  const marks = [];
  /** @param {number} time @param {string} text */
  const mark = (time, text) => time >= from && time <= to && marks.push({ time, text });

  if (!(from < to)) return marks;
  if (step) {
    let day = "";
    for (let time = after(from - 1, step); time <= to; time = after(time, step)) {
      const begins = wall(time) % DAY === 0 && dayOf(time) !== day;
      if (begins) day = dayOf(time);
      mark(time, begins ? day : hourOf(time));
    }
  } else if (days) {
    for (let day = Math.floor(wall(from) / DAY / days) * days; midnight(day) <= to; day += days) mark(midnight(day), dayOf(midnight(day)));
  } else {
    const first = new Date(from).getFullYear() * 12 + new Date(from).getMonth();
    for (let month = Math.floor(first / months) * months; firstOf(month) <= to; month += months) mark(firstOf(month), monthOf(firstOf(month)));
  }
  return marks;
}
