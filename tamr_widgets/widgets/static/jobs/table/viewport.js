/** Positions of rows of one height, of which some are higher. All lengths are in pixels. */

/**
 * @param {number} count of rows
 * @param {number} height of a row
 * @param {{index: number, extra: number}[]} higher rows with an additional height, sorted by index
 */
export function createViewport(count, height, higher) {
  /** Total additional height of the first rows of `higher`. */
  const sums = [0];
  for (const { extra } of higher) sums.push(sums[sums.length - 1] + extra);

  /** The first number below `end` for which `isBeyond` holds, else `end`. @param {number} end @param {(n: number) => boolean} isBeyond */
  function firstWhere(end, isBeyond) {
    let start = 0;
    while (start < end) {
      const middle = (start + end) >> 1;
      if (isBeyond(middle)) end = middle;
      else start = middle + 1;
    }
    return start;
  }

  /** @param {number} index */
  const top = (index) =>
    index * height + sums[firstWhere(higher.length, (n) => higher[n].index >= index)];
  return {
    top,
    total: top(count),
    /** Index of the row at a distance from the top. @param {number} y */
    at: (y) =>
      Math.max(
        0,
        firstWhere(count - 1, (index) => top(index + 1) > y),
      ),
  };
}
