/** Where a time axis is marked, and with what. Milliseconds throughout. */

import { dayOf, hourOf, monthOf } from "./moments.js";

const [MINUTE, HOUR, DAY] = [60000, 3600000, 86400000];
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 91, 365].map((n) => n * DAY),
];

/** @param {number} from @param {number} to @param {number} most marks */
export function ticks(from, to, most) {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? Math.ceil((to - from) / most / DAY) * DAY;
  const format = step < DAY ? hourOf : step < 91 * DAY ? dayOf : monthOf;
  const shift = new Date(from).getTimezoneOffset() * MINUTE;
  const marks = [];
  for (let time = Math.ceil((from - shift) / step) * step + shift; time <= to; time += step) {
    const midnight = step < DAY && (time - shift) % DAY === 0;
    marks.push({ time, text: midnight ? dayOf(time) : format(time) });
  }
  return marks;
}
