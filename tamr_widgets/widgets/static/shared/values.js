/** Values of a widget that the cells of a marimo notebook read; they are synced nowhere else. */

/** Traits that change within this time, in milliseconds, are sent together. */
const REPORT_DELAY_MS = 50;

/**
 * Sends changed values back: marimo re-runs the cells that read them when a page changes them.
 * @param {any} model
 * @param {string[]} names
 * @returns {{listeners: Record<string, () => void>, close(): void}} the listeners to register, and their end
 */
export function reportValues(model, names) {
  let [timer, sent] = [0, ""];
  const report = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const values = names.map((each) => model.get(each));
      if (sent === (sent = values.join())) return;
      names.forEach((each, index) => model.set(each, values[index]));
      model.save_changes();
    }, REPORT_DELAY_MS);
  };
  return {
    listeners: Object.fromEntries(names.map((name) => ["change:" + name, report])),
    close: () => clearTimeout(timer),
  };
}
