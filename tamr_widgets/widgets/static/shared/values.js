/** Values that the cells of a reactive notebook read. The kernel syncs them in marimo only. */

/** Delay after which traits that changed together are reported, in milliseconds. */
const REPORT_DELAY_MS = 50;

/**
 * Reports changed values back: marimo re-runs the cells that read a widget when its page changes it.
 * @param {any} model
 * @param {string[]} names
 * @param {Record<string, () => void>} listeners gets a listener for each value
 */
export function reportValues(model, names, listeners) {
  let [timer, reported] = [0, ""];
  for (const name of names) {
    listeners["change:" + name] = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const values = names.map((each) => model.get(each));
        if (reported === (reported = values.join())) return;
        names.forEach((each, index) => model.set(each, values[index]));
        model.save_changes();
      }, REPORT_DELAY_MS);
    };
  }
}
