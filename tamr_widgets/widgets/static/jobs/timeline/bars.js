/** Layout of the timeline's bars: one for each job if there is room, else a histogram. */

import { expectedTimes, rank } from "../table/columns.js";

/** @typedef {import("../table/indexed-row.js").Row} Row */
/** @typedef {{x: number, y: number, width: number, height: number, style: string, rows: Row[],
 *   from: number, to: number}} Bar pixels; `rows` is empty if a bar is of a histogram */

/** @typedef {{from: number, to: number, now: number, width: number, height: number}} Frame */

const LANES = 10;
/** Lengths in pixels. */
const [MIN_BAR_LENGTH, GAP, COLUMN_WIDTH] = [2, 1, 6];

/** Times of a job's creation, start and end in this order, also where clocks disagree. @param {Row} row @param {number} now @returns {[number, number, number]} */
function times({ created, started, ended, resolved }, now) {
  const begin = created ?? started ?? ended ?? NaN;
  const end = Math.max(begin, (resolved ? ended : now) ?? started ?? begin);
  const start = Math.min(started ?? (resolved ? begin : end), end);
  return [begin, Math.max(begin, start), end];
}

/** Style of a job's bar. @param {Row} row */
const styleOf = ({ state, resolved }) =>
  resolved || state === "RUNNING" || state === "PENDING" ? (state ?? "") : "OTHER";

/**
 * @param {Row[]} rows
 * @param {Frame} frame
 * @returns {{bars: Bar[], count: number, maxCount: number}} `maxCount` is the number of jobs of the highest column, or 0 without a histogram
 */
export function layBars(rows, frame) {
  const { from, to, now } = frame;
  const visible = rows.filter((row) => {
    const [begin, , end] = times(row, now);
    return begin <= to && end >= from;
  });
  const bars = visible.length <= frame.width && inLanes(visible, frame);
  return bars
    ? { bars, count: visible.length, maxCount: 0 }
    : { ...inColumns(visible, frame), count: visible.length };
}

/** Bars in lanes, in which no two jobs overlap; undefined if there are too few lanes. @param {Row[]} rows @param {Frame} frame */
function inLanes(rows, { from, to, now, width, height }) {
  /** @param {number} time */
  const x = (time) => Math.max(0, Math.min(width, ((time - from) / (to - from)) * width));
  const step = height / LANES;
  const free = Array(LANES).fill(-GAP);
  /** @type {Bar[]} */
  const bars = [];
  for (const row of [...rows].sort((a, b) => times(a, now)[0] - times(b, now)[0])) {
    const [begin, start, end] = times(row, now).map(x);
    const [next, until] = expectedTimes(row, now)?.map(x) ?? [end, end];
    const last = Math.max(end, start + MIN_BAR_LENGTH, until);
    const lane = free.findIndex((until) => until + GAP <= begin);
    if (lane < 0) return undefined;
    free[lane] = last;
    const common = {
      y: height - (lane + 1) * step + 1,
      height: step - 2,
      rows: [row],
      from: 0,
      to: 0,
    };
    if (start > begin) bars.push({ ...common, x: begin, width: start - begin, style: "QUEUE" });
    bars.push({
      ...common,
      x: start,
      width: Math.max(end, start + MIN_BAR_LENGTH) - start,
      style: styleOf(row),
    });
    if (until > next) bars.push({ ...common, x: next, width: until - next, style: "EXPECTED" });
  }
  return bars;
}

/** Bars of a histogram: the number of jobs in each short interval, the failed ones at the bottom. @param {Row[]} rows @param {Frame} frame */
function inColumns(rows, { from, to, now, width, height }) {
  const count = Math.max(1, Math.floor(width / COLUMN_WIDTH));
  const column = (/** @type {number} */ time) =>
    Math.max(0, Math.min(count - 1, Math.floor(((time - from) / (to - from)) * count)));
  /** Change of the number of jobs at each column, by style. @type {Map<string, Int32Array>} */
  const changes = new Map();
  /** @param {string} style @param {number} begin @param {number} end */
  const add = (style, begin, end) => {
    let change = changes.get(style);
    if (!change) changes.set(style, (change = new Int32Array(count + 1)));
    change[column(begin)]++;
    change[column(end) + 1]--;
  };
  for (const row of rows) {
    const [begin, , end] = times(row, now);
    add(styleOf(row), begin, end);
    const [next, until] = expectedTimes(row, now) ?? [];
    if (until) add("EXPECTED", next, until);
  }
  const sums = new Float64Array(count);
  const styles = [...changes].sort(
    ([a], [b]) => +(a !== "FAILED") - +(b !== "FAILED") || rank(a) - rank(b),
  );
  for (const [, change] of styles) {
    for (let i = 0; i < count; i++) {
      if (i) change[i] += change[i - 1];
      sums[i] += change[i];
    }
  }
  const maxCount = sums.reduce((a, b) => Math.max(a, b), 1);
  const heights = new Float64Array(count);
  /** @type {Bar[]} */
  const bars = [];
  for (const [style, numbers] of styles) {
    for (let i = 0; i < count; i++) {
      if (!numbers[i]) continue;
      const high = Math.max(MIN_BAR_LENGTH, (numbers[i] / maxCount) * height);
      heights[i] += high;
      bars.push({
        style,
        rows: [],
        x: (i * width) / count,
        y: height - heights[i],
        width: width / count - GAP,
        height: high,
        from: from + (i * (to - from)) / count,
        to: from + ((i + 1) * (to - from)) / count,
      });
    }
  }
  return { bars, maxCount };
}
