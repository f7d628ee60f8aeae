/** A stretch of time as bars: one for each job while there is room, else how many there were. */

import { rank } from "../table/columns.js";

/** @typedef {import("../table/rows.js").Row} Row */
/** @typedef {{x: number, y: number, width: number, height: number, look: string, rows: Row[],
 *   from: number, to: number}} Bar pixels; `rows` is empty where a bar stands for many */

/** @typedef {{from: number, to: number, now: number, width: number, height: number}} Frame */

const LANES = 10;
const LEAST = 2;
const GAP = 1;
const COLUMN = 6;

/** When a job was there at all. @param {Row} row @param {number} now @returns {[number, number, number]} */
function times({ created, started, ended, resolved }, now) {
  const begin = created ?? started ?? ended ?? NaN;
  const end = (resolved ? ended : now) ?? started ?? begin;
  return [begin, Math.min(started ?? (resolved ? begin : end), end), end];
}

/** How a state is drawn. @param {Row} row */
const lookOf = ({ state, resolved }) => resolved || state === "RUNNING" || state === "PENDING" ? state ?? "" : "OTHER";

/**
 * @param {Row[]} rows
 * @param {Frame} frame
 * @returns {{bars: Bar[], count: number, most: number}} `most` is what the highest column stands for, if not for a job
 */
export function layBars(rows, frame) {
  const { from, to, now } = frame;
  const seen = rows.filter((row) => {
    const [begin, , end] = times(row, now);
    return begin <= to && end >= from;
  });
  const bars = seen.length <= frame.width && inLanes(seen, frame);
  return bars ? { bars, count: seen.length, most: 0 } : { ...inColumns(seen, frame), count: seen.length };
}

/** Each job in a lane of its own as long as it lasts; none if the lanes do not suffice. @param {Row[]} rows @param {Frame} frame */
function inLanes(rows, { from, to, now, width, height }) {
  /** @param {number} time */
  const x = (time) => Math.max(0, Math.min(width, (time - from) / (to - from) * width));
  const step = height / LANES;
  const free = Array(LANES).fill(-GAP);
  /** @type {Bar[]} */
  const bars = [];
  for (const row of [...rows].sort((a, b) => times(a, now)[0] - times(b, now)[0])) {
    const [begin, start, end] = times(row, now).map(x);
    const last = Math.max(end, start + LEAST);
    const lane = free.findIndex((until) => until + GAP <= begin);
    if (lane < 0) return undefined;
    free[lane] = last;
    const common = { y: height - (lane + 1) * step + 1, height: step - 2, rows: [row], from: 0, to: 0 };
    if (start > begin) bars.push({ ...common, x: begin, width: start - begin, look: "QUEUE" });
    bars.push({ ...common, x: start, width: last - start, look: lookOf(row) });
  }
  return bars;
}

/** How many jobs were there in each of many short times, the failed ones at the bottom. @param {Row[]} rows @param {Frame} frame */
function inColumns(rows, { from, to, now, width, height }) {
  const count = Math.max(1, Math.floor(width / COLUMN));
  const column = (/** @type {number} */ time) => Math.max(0, Math.min(count - 1, Math.floor((time - from) / (to - from) * count)));
  /** By how much the number of jobs changes at each column. @type {Map<string, Int32Array>} */
  const changes = new Map();
  for (const row of rows) {
    const look = lookOf(row);
    let change = changes.get(look);
    if (!change) changes.set(look, change = new Int32Array(count + 1));
    const [begin, , end] = times(row, now);
    change[column(begin)]++;
    change[column(end) + 1]--;
  }
  const sums = new Float64Array(count);
  const looks = [...changes].sort(([a], [b]) => +(a !== "FAILED") - +(b !== "FAILED") || rank(a) - rank(b));
  for (const [, change] of looks) {
    for (let i = 0; i < count; i++) {
      if (i) change[i] += change[i - 1];
      sums[i] += change[i];
    }
  }
  const most = sums.reduce((a, b) => Math.max(a, b), 1);
  const heights = new Float64Array(count);
  /** @type {Bar[]} */
  const bars = [];
  for (const [look, numbers] of looks) {
    for (let i = 0; i < count; i++) {
      if (!numbers[i]) continue;
      const high = Math.max(LEAST, numbers[i] / most * height);
      heights[i] += high;
      bars.push({
        look, rows: [], x: i * width / count, y: height - heights[i], width: width / count - GAP, height: high,
        from: from + i * (to - from) / count, to: from + (i + 1) * (to - from) / count,
      });
    }
  }
  return { bars, most };
}
