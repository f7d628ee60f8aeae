/** Time span that the timeline shows. */

import { expectedTimes } from "../table/columns.js";

/** Label and milliseconds of each time span; "all" begins with the first job. */
export const SPANS = /** @type {Record<string, [string, number]>} */ ({
  hour: ["Hour", 3600000],
  day: ["Day", 86400000],
  week: ["Week", 7 * 86400000],
  all: ["All", 0],
});

/** Margin at both ends, as a fraction of the span, so that running jobs are not cut off. */
const MARGIN = 0.008;
/** Maximum part of the picture for the expected runs of waiting jobs, as a fraction of the span. */
const MAX_FUTURE = 0.25;

/** @param {import("../store.js").Jobs} jobs */
export function createSpan(jobs) {
  const state = jobs.timeline;

  const latest = () =>
    jobs.rows.matching.reduce((last, row) => Math.max(last, row.ended ?? row.created ?? 0), 0);
  const now = () => jobs.now() || latest();

  /** The expected end of the last waiting job, or the current time. @param {number} time */
  const expectedEnd = (time) =>
    jobs.rows.matching.reduce(
      (last, row) => Math.max(last, expectedTimes(row, time)?.[1] ?? 0),
      time,
    );

  return {
    expectedEnd,

    /** Chooses the shortest span that has a job. */
    choose() {
      if (state.span || !jobs.rows.matching.length) return;
      const last = now() - latest();
      state.span = ["day", "week"].find((span) => last < SPANS[span][1]) ?? "all";
    },

    /** The times of both ends, and the current time. */
    range() {
      const end = now();
      const earliest = () =>
        jobs.rows.matching.reduce(
          (first, { created }) => Math.min(first, created ?? Infinity),
          end,
        );
      const length = SPANS[state.span || "day"][1];
      const [from, to] = state.from
        ? [state.from, state.to]
        : [length ? end - length : earliest(), end];
      const margin = (to - from) * MARGIN;
      const until =
        state.from || !jobs.live ? to : Math.min(expectedEnd(end), to + (to - from) * MAX_FUTURE);
      return {
        from: Math.min(from - margin, to - 60000),
        to: Math.max(to, until) + margin,
        now: end,
      };
    },
  };
}
