/** Moments, as short as they can be told. */

/** Making a formatter is slow, and a table needs many. @param {Intl.DateTimeFormatOptions} options */
const formatter = (options) => {
  /** @type {Intl.DateTimeFormat | undefined} */
  let made;
  return (/** @type {number | Date} */ date) => (made ??= new Intl.DateTimeFormat([], options)).format(date);
};

export const hourOf = formatter({ timeStyle: "short" });
export const dayOf = formatter({ day: "numeric", month: "short" });
export const monthOf = formatter({ month: "short", year: "numeric" });
const dateOf = formatter({ day: "numeric", month: "short", year: "numeric" });

/** The hour today, the day this year, the date before. @param {number} ms */
export function moment(ms) {
  const [date, today] = [new Date(ms), new Date()];
  if (date.getFullYear() !== today.getFullYear()) return dateOf(date);
  const hour = hourOf(date);
  return date.toDateString() === today.toDateString() ? hour : dayOf(date) + ", " + hour;
}
