/** Timeline: a picture of when jobs were queued and ran. */

import { describe, duration } from "../../shared/format.js";
import { layBars } from "./bars.js";
import { ticks } from "./ticks.js";
import { moment } from "./moments.js";
import { expectedTimes, queuedFor, rank, ranFor } from "../table/columns.js";
import { make, plural, setText } from "../../shared/dom.js";

/** Heights in pixels. */
const [PICTURE_HEIGHT, AXIS_HEIGHT] = [72, 16];
/** Label and milliseconds of each time span; "all" begins with the first job. */
const SPANS = /** @type {Record<string, [string, number]>} */ ({
  hour: ["Hour", 3600000],
  day: ["Day", 86400000],
  week: ["Week", 7 * 86400000],
  all: ["All", 0],
});
/** Interval at which the picture is drawn again, in seconds. */
const DRAW_INTERVAL_SECONDS = 5;
/** Margin at both ends, as a fraction of the span, so that running jobs are not cut off. */
const MARGIN = 0.008;
/** Maximum part of the picture for the expected runs of waiting jobs, as a fraction of the span. */
const MAX_FUTURE = 0.25;
/** Minimum distance of marks on the axis, in pixels. */
const MARK_DISTANCE = 80;
/** Width of a mark's text, in pixels. */
const LABEL_WIDTH = 50;

/** @param {string} name */
const svg = (name) => /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", name));

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {() => void} enter moves the focus into the table
 */
export function createTimeline(jobs, enter) {
  const state = jobs.timeline;
  const fold = make("button", { type: "button", className: "fold" }, "Timeline");
  const caption = make("span", { className: "caption" });
  const spans = make("div", { role: "group", ariaLabel: "Time span" });
  const picture = svg("svg");
  const axis = make("div", { className: "axis", ariaHidden: "true" });
  const drawing = make("div", { className: "drawing" }, picture, axis);
  const node = make("section", { className: "timeline", ariaLabel: "Timeline" },
    make("div", {}, fold, caption, spans), drawing);
  picture.role = "img";

  /** One path for all bars of a style, since many elements are slow. @type {Map<string, SVGElement>} */
  const paths = new Map();
  /** @type {import("./bars.js").Bar[]} */
  let bars = [];
  let [width, ticksSinceDraw, drawFrame, drawTimer] = [0, 0, 0, 0];

  fold.onclick = () => {
    state.open = !state.open;
    jobs.draw();
  };
  const buttons = Object.entries(SPANS).map(([span, [label]]) => {
    const button = make("button", { type: "button", value: span, ariaLabel: span === "all" ? "All" : "Last " + span }, label);
    button.onclick = () => {
      Object.assign(state, { span, from: 0, to: 0 });
      jobs.draw();
    };
    return button;
  });
  spans.append(...buttons);

  const latest = () => jobs.rows.matching.reduce((last, row) => Math.max(last, row.ended ?? row.created ?? 0), 0);
  const now = () => jobs.now() || latest();

  /** Chooses the shortest span that has a job. */
  function chooseSpan() {
    if (state.span || !jobs.rows.matching.length) return;
    const last = now() - latest();
    state.span = ["day", "week"].find((span) => last < SPANS[span][1]) ?? "all";
  }

  /** The expected end of the last waiting job, or the current time. @param {number} time */
  const expectedEnd = (time) => jobs.rows.matching.reduce((last, row) => Math.max(last, expectedTimes(row, time)?.[1] ?? 0), time);

  /** The time span that is shown, and the picture's size. */
  function frame() {
    const end = now();
    const earliest = () => jobs.rows.matching.reduce((first, { created }) => Math.min(first, created ?? Infinity), end);
    const length = SPANS[state.span || "day"][1];
    const [from, to] = state.from ? [state.from, state.to] : [length ? end - length : earliest(), end];
    const margin = (to - from) * MARGIN;
    const until = state.from || !jobs.live ? to : Math.min(expectedEnd(end), to + (to - from) * MAX_FUTURE);
    return { from: Math.min(from - margin, to - 60000), to: Math.max(to, until) + margin, now: end, width, height: PICTURE_HEIGHT };
  }

  function drawBars() {
    const around = frame();
    const { bars: laid, count, maxCount } = layBars(jobs.rows.matching, around);
    bars = laid;
    /** @type {Map<string, string>} */
    const shapes = new Map();
    for (const { style, x, y, width: w, height: h } of bars) {
      const shape = "M" + [x, y].map((n) => n.toFixed(1)).join() + "h" + w.toFixed(1) + "v" + h.toFixed(1) + "h" + (-w).toFixed(1) + "z";
      shapes.set(style, (shapes.get(style) ?? "") + shape);
    }
    if (shapes.has("EXPECTED")) {
      shapes.set("NOW", "M" + ((around.now - around.from) / (around.to - around.from) * width).toFixed(1) + " 0h1v" + PICTURE_HEIGHT + "h-1z");
    }
    for (const style of shapes.keys()) {
      if (paths.has(style)) continue;
      const path = svg("path");
      path.dataset.state = style;
      paths.set(style, path);
      picture.append(path);
    }
    for (const [style, path] of paths) path.setAttribute("d", shapes.get(style) ?? "");
    picture.setAttribute("viewBox", "0 0 " + width + " " + PICTURE_HEIGHT);
    picture.dataset.many = maxCount ? "true" : "";

    const marks = ticks(around.from, around.to, Math.max(2, width / MARK_DISTANCE));
    axis.replaceChildren(...marks.filter(({ time }) => (around.to - time) / (around.to - around.from) * width > LABEL_WIDTH).map(({ time, text }) => {
      const mark = make("span", {}, text);
      mark.style.left = (time - around.from) / (around.to - around.from) * 100 + "%";
      return mark;
    }));
    describeInWords(around, count, maxCount);
  }

  /** Writes the caption and the label for screen readers. @param {{from: number, to: number, now: number}} around @param {number} count @param {number} maxCount */
  function describeInWords({ from, to, now }, count, maxCount) {
    const states = [...jobs.rows.counts].sort(([a], [b]) => rank(a) - rank(b))
      .map(([key, number]) => number.toLocaleString() + " " + describe(key)[0].toLowerCase());
    const time = moment(from) + " to " + (to < now ? moment(to) : jobs.live ? "now" : moment(now));
    setText(caption, plural(count, "job") + ", " + time + (maxCount ? "; the highest bar is " + plural(maxCount, "job") : "") +
      (expectedEnd(now) > now ? "; those that wait are expected to end by " + moment(expectedEnd(now)) : ""));
    picture.ariaLabel = "Timeline of " + caption.textContent + ". The table lists " +
      (states.length ? "all jobs that match: " + states.join(", ") + "." : "none.");
  }

  /** @param {MouseEvent} event */
  function barAt({ clientX, clientY }) {
    const { left, top } = picture.getBoundingClientRect();
    const [x, y] = [clientX - left, clientY - top];
    const above = bars.filter((bar) => x >= bar.x - 1 && x <= bar.x + bar.width + 1);
    return above.find((bar) => y >= bar.y - 1 && y <= bar.y + bar.height + 1) ?? above.find(({ rows }) => !rows.length);
  }

  picture.onmousemove = (event) => {
    const bar = barAt(event);
    const row = bar?.rows[0];
    drawing.title = !bar ? ""
      : row ? [row.description, describe(row.state ?? "")[0], ...[["queued", queuedFor(row, jobs.now())], ["ran", ranFor(row, jobs.now())]]
        .filter(([, time]) => Number(time) >= 0).map(([label, time]) => label + " " + duration(Number(time)))].join(", ")
      : moment(bar.from) + " to " + moment(bar.to) + ": press to look closer";
    picture.style.cursor = bar ? "pointer" : "";
  };
  picture.onclick = (event) => {
    const bar = barAt(event);
    if (!bar) return;
    const [row] = bar.rows;
    if (!row) {
      const length = Math.max(bar.to - bar.from, 10000);
      Object.assign(state, { from: bar.from - 5 * length, to: Math.min(bar.to + 5 * length, jobs.now() || Infinity) });
      return jobs.draw();
    }
    Object.assign(jobs.active, { key: row.key, header: false, index: row.index });
    if (!jobs.opened.has(row.key)) jobs.toggle(row.key);
    enter();
  };

  function draw() {
    node.hidden = !jobs.rows.size;
    chooseSpan();
    fold.ariaExpanded = "" + state.open;
    drawing.hidden = spans.hidden = caption.hidden = !state.open;
    // The table is drawn first, so that typing in the search stays responsive.
    cancelAnimationFrame(drawFrame);
    if (state.open && width && !node.hidden) drawFrame = requestAnimationFrame(() => drawTimer = setTimeout(drawBars));
    for (const button of buttons) button.ariaPressed = "" + (button.value === state.span && !state.from);
  }

  const observer = new ResizeObserver(() => {
    if (!picture.clientWidth || picture.clientWidth === width) return;
    width = picture.clientWidth;
    draw();
  });
  observer.observe(drawing);
  drawing.style.height = PICTURE_HEIGHT + AXIS_HEIGHT + "px";

  return {
    node,
    draw,
    tick() {
      ticksSinceDraw = (ticksSinceDraw + 1) % DRAW_INTERVAL_SECONDS;
      if (!ticksSinceDraw && !state.from) draw();
    },
    destroy() {
      cancelAnimationFrame(drawFrame);
      clearTimeout(drawTimer);
      observer.disconnect();
    },
  };
}
