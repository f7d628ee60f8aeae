/** Which rows are chosen: one, some, a range, or all that match. */

/** @typedef {import("./rows.js").Row} Row */

/** @param {Iterable<string>} keys */
export function createSelection(keys) {
  const chosen = new Set(keys);
  /** Where a range begins. */
  let anchor = "";
  /** What was chosen by the range that is being drawn now. @type {string[]} */
  let range = [];

  return {
    has: (/** @type {string} */ key) => chosen.has(key),
    get size() { return chosen.size; },
    get keys() { return [...chosen]; },

    /** @param {string} key */
    toggle(key) {
      if (!chosen.delete(key)) chosen.add(key);
      anchor = key;
      range = [];
    },

    /** Chooses from the row that was chosen last up to this one, as they are shown. @param {Row[]} rows @param {Row} to */
    extend(rows, to) {
      let from = rows.findIndex(({ key }) => key === anchor);
      if (from < 0) [from, anchor] = [to.index, to.key];
      for (const key of range) chosen.delete(key);
      range = rows.slice(Math.min(from, to.index), Math.max(from, to.index) + 1).map(({ key }) => key);
      for (const key of range) chosen.add(key);
    },

    /** Chooses all of these, or none of them if all are chosen. @param {Row[]} rows */
    toggleAll(rows) {
      const all = rows.every(({ key }) => chosen.has(key));
      for (const { key } of rows) all ? chosen.delete(key) : chosen.add(key);
    },

    /** @param {Iterable<string>} next */
    replace(next) {
      const wanted = [...next];
      chosen.clear();
      for (const key of wanted) chosen.add(key);
    },

    /** @param {(key: string) => boolean} stays */
    keep(stays) {
      for (const key of chosen) if (!stays(key)) chosen.delete(key);
    },
  };
}
