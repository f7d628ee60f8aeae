/** Formats dates and times in short forms. */

/** Creates a formatter at its first use, since that is slow. @param {Intl.DateTimeFormatOptions} options */
const formatter = (options) => {
  /** @type {Intl.DateTimeFormat | undefined} */
  let made;
  return (/** @type {number | Date} */ date) =>
    (made ??= new Intl.DateTimeFormat([], options)).format(date);
};

export const hourOf = formatter({ timeStyle: "short" });
export const dayOf = formatter({ day: "numeric", month: "short" });
export const monthOf = formatter({ month: "short", year: "numeric" });
const dateOf = formatter({ day: "numeric", month: "short", year: "numeric" });

/** @param {number} ms */
export const isToday = (ms) => new Date(ms).toDateString() === new Date().toDateString();

/** Formats the time of today, the day and time of this year, else the date. @param {number} ms */
export function moment(ms) {
  const [date, today] = [new Date(ms), new Date()];
  if (date.getFullYear() !== today.getFullYear()) return dateOf(date);
  const hour = hourOf(date);
  return isToday(ms) ? hour : dayOf(date) + ", " + hour;
}
