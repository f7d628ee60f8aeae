/** An action on all selected rows, from its confirmation to its report. */

/** @typedef {import("../../shared/protocol.js").Report} Report */
/** @typedef {Report["action"]} BulkName */
/** @typedef {{action: BulkName, ids: string[], asking: boolean, seq: number, at: number,
 *   acknowledged: boolean, report?: Report}} Bulk */

/**
 * @param {import("../table/rows.js").Rows} rows
 * @param {ReturnType<typeof import("../table/selection.js").createSelection>} selection
 * @param {(action: string, more?: object) => number} send sends a message and returns its number
 * @param {() => void} draw
 * @param {() => void} saveSelection
 */
export function createBulkAction(rows, selection, send, draw, saveSelection) {
  /** @param {BulkName} action @param {Partial<Bulk>} values @returns {Bulk} */
  const begun = (action, values) => ({
    action,
    ids: [],
    asking: false,
    seq: 0,
    at: 0,
    acknowledged: false,
    ...values,
  });

  const bulk = {
    /** The action that is confirmed, under way or reported. @type {Bulk | null} */
    current: null,

    get running() {
      return !!bulk.current && !bulk.current.asking && !bulk.current.report?.over;
    },

    /** The selected rows to which an action applies. @param {BulkName} action */
    targets(action) {
      const selected = selection.keys.map(rows.get).filter((row) => row !== undefined);
      return action === "delete"
        ? selected
        : selected.filter(({ resolved, state }) => !resolved && state !== "CANCELING");
    },

    /** Opens the confirmation of an action. @param {BulkName} action */
    requestConfirmation(action) {
      bulk.current = begun(action, {
        ids: bulk.targets(action).map(({ key }) => key),
        asking: true,
      });
      draw();
    },

    /** @param {boolean} yes */
    confirm(yes) {
      const { current } = bulk;
      if (!current?.asking) return;
      if (yes) {
        Object.assign(current, { asking: false, at: Date.now() });
        current.seq = send(current.action + "_all", { ids: current.ids });
      } else bulk.current = null;
      draw();
    },

    /** @param {number} seq the number of a message that has arrived */
    acknowledge(seq) {
      if (bulk.current?.seq === seq) bulk.current.acknowledged = true;
    },

    /** Updates the report; at its end, only the rows that failed stay selected. @param {Report} report */
    updateReport(report) {
      if (!bulk.current || bulk.current.asking)
        bulk.current = begun(report.action, { acknowledged: true });
      bulk.current.report = report;
      if (report.over) {
        const failed = new Set(report.failed.map(([key]) => key));
        const done = new Set(bulk.current.ids.filter((key) => !failed.has(key)));
        selection.keep((key) => !done.has(key));
        saveSelection();
      }
      draw();
    },

    /** Without a kernel nothing can be confirmed, and an action that it has not acknowledged is lost. */
    disconnect() {
      if (!bulk.current?.acknowledged) bulk.current = null;
    },

    /** Closes the report. */
    dismiss() {
      bulk.current = null;
      draw();
    },
  };
  return bulk;
}
