/** Positions of rows of one height, of which some have an opened panel. All lengths are in pixels. */

/**
 * @param {number} count of rows
 * @param {number} height of a row
 * @param {{index: number, extra: number}[]} opened rows with an additional height, sorted by index
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
    /** Index of the row at a distance from the top. @param {number} y */
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
