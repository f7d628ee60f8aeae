/** Selection of rows: one, several, a range, or all that match. */

/** @typedef {import("./indexed-row.js").Row} Row */

/** @param {Iterable<string>} keys */
export function createSelection(keys) {
  const selected = new Set(keys);
  /** Key of the row at which a range begins. */
  let anchor = "";
  /** Keys of the current range, which the next extension replaces. @type {string[]} */
  let range = [];

  return {
    has: (/** @type {string} */ key) => selected.has(key),
    get size() {
      return selected.size;
    },
    get keys() {
      return [...selected];
    },

    /** @param {string} key */
    toggle(key) {
      if (!selected.delete(key)) selected.add(key);
      anchor = key;
      range = [];
    },

    /** Selects the range from the row that was selected last to this one. @param {Row[]} rows @param {Row} to */
    extend(rows, to) {
      let from = rows.findIndex(({ key }) => key === anchor);
      if (from < 0) [from, anchor] = [to.index, to.key];
      for (const key of range) selected.delete(key);
      range = rows
        .slice(Math.min(from, to.index), Math.max(from, to.index) + 1)
        .map(({ key }) => key);
      for (const key of range) selected.add(key);
    },

    /** Selects all rows, or deselects them if all are selected. @param {Row[]} rows */
    toggleAll(rows) {
      range = [];
      const all = rows.every(({ key }) => selected.has(key));
      for (const { key } of rows) all ? selected.delete(key) : selected.add(key);
    },

    /** @param {Iterable<string>} next */
    replace(next) {
      const kept = [...next];
      range = [];
      selected.clear();
      for (const key of kept) selected.add(key);
    },

    /** @param {(key: string) => boolean} stays */
    keep(stays) {
      for (const key of selected) if (!stays(key)) selected.delete(key);
    },
  };
}
