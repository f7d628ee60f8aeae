/** Where rows are, when all are of one height except those that are opened. Pixels throughout. */

/**
 * @param {number} count of rows
 * @param {number} height of a row
 * @param {{index: number, extra: number}[]} opened how much more some of them have, by index
 */
export function createViewport(count, height, opened) {
  /** @param {number} index */
  const top = (index) => {
    let y = index * height;
    for (const row of opened) if (row.index < index) y += row.extra;
    return y;
  };
  return {
    top,
    total: top(count),
    /** The row at a distance from the top. @param {number} y */
    at(y) {
      let above = 0;
      for (const row of opened) {
        const start = row.index * height + above;
        if (y < start + height) break;
        if (y < start + height + row.extra) return row.index;
        above += row.extra;
      }
      return Math.max(0, Math.min(count - 1, Math.floor((y - above) / height)));
    },
  };
}
