/** Timeline: a picture of when jobs were queued and ran. */

import { make, plural, setText } from "../../shared/dom.js";
import { describe, duration } from "../../shared/format.js";
import { queuedFor, ranFor, rank } from "../table/columns.js";
import { moment } from "./moments.js";
import { createPicture } from "./picture.js";
import { createSpan, SPANS } from "./span.js";

/** Interval at which the picture is drawn again, in seconds. */
const DRAW_INTERVAL_SECONDS = 5;

/**
 * @param {import("../store.js").Jobs} jobs
 * @param {() => void} enter moves the focus into the table
 */
export function createTimeline(jobs, enter) {
  const state = jobs.timeline;
  const fold = make("button", { type: "button", className: "fold" }, "Timeline");
  const caption = make("span", { className: "caption" });
  const spans = make("div", { role: "group", ariaLabel: "Time span" });
  const span = createSpan(jobs);
  const drawing = createPicture(() => draw());
  const { picture } = drawing;
  const node = make(
    "section",
    { className: "timeline", ariaLabel: "Timeline" },
    make("div", {}, fold, caption, spans),
    drawing.node,
  );
  let [ticksSinceDraw, drawFrame, drawTimer] = [0, 0, 0];

  fold.onclick = () => {
    state.open = !state.open;
    jobs.draw();
  };
  const buttons = Object.entries(SPANS).map(([name, [label]]) => {
    const button = make(
      "button",
      { type: "button", value: name, ariaLabel: name === "all" ? "All" : "Last " + name },
      label,
    );
    button.onclick = () => {
      Object.assign(state, { span: name, from: 0, to: 0 });
      jobs.draw();
    };
    return button;
  });
  spans.append(...buttons);

  function drawPicture() {
    const range = span.range();
    describeInWords(range, drawing.draw(jobs.rows.matching, range));
  }

  /**
   * Writes the caption and the label for screen readers.
   * @param {import("./picture.js").Range} range
   * @param {{count: number, maxCount: number}} counts
   */
  function describeInWords({ from, to, now }, { count, maxCount }) {
    const states = [...jobs.rows.counts]
      .sort(([a], [b]) => rank(a) - rank(b))
      .map(([key, number]) => number.toLocaleString() + " " + describe(key)[0].toLowerCase());
    const end = span.expectedEnd(now);
    const time = moment(from) + " to " + (to < now ? moment(to) : jobs.live ? "now" : moment(now));
    setText(
      caption,
      plural(count, "job") +
        ", " +
        time +
        (maxCount ? "; the highest bar is " + plural(maxCount, "job") : "") +
        (end > now ? "; those that wait are expected to end by " + moment(end) : ""),
    );
    picture.ariaLabel =
      "Timeline of " +
      caption.textContent +
      ". The table lists " +
      (states.length ? "all jobs that match: " + states.join(", ") + "." : "none.");
  }

  picture.onmousemove = (event) => {
    const bar = drawing.barAt(event);
    const row = bar?.rows[0];
    drawing.node.title = !bar
      ? ""
      : row
        ? [
            row.description,
            describe(row.state ?? "")[0],
            ...[
              ["queued", queuedFor(row, jobs.now())],
              ["ran", ranFor(row, jobs.now())],
            ]
              .filter(([, time]) => Number(time) >= 0)
              .map(([label, time]) => label + " " + duration(Number(time))),
          ].join(", ")
        : moment(bar.from) + " to " + moment(bar.to) + ": press to look closer";
    picture.style.cursor = bar ? "pointer" : "";
  };
  picture.onclick = (event) => {
    const bar = drawing.barAt(event);
    if (!bar) return;
    const [row] = bar.rows;
    if (!row) {
      const length = Math.max(bar.to - bar.from, 10000);
      Object.assign(state, {
        from: bar.from - 5 * length,
        to: Math.min(bar.to + 5 * length, jobs.now() || Infinity),
      });
      return jobs.draw();
    }
    Object.assign(jobs.active, { key: row.key, header: false, index: row.index });
    if (!jobs.opened.has(row.key)) jobs.toggle(row.key);
    enter();
  };

  function draw() {
    node.hidden = !jobs.rows.size;
    span.choose();
    fold.ariaExpanded = "" + state.open;
    drawing.node.hidden = spans.hidden = caption.hidden = !state.open;
    // The table is drawn first, so that typing in the search stays responsive.
    cancelAnimationFrame(drawFrame);
    if (state.open && drawing.width && !node.hidden)
      drawFrame = requestAnimationFrame(() => (drawTimer = setTimeout(drawPicture)));
    for (const button of buttons)
      button.ariaPressed = "" + (button.value === state.span && !state.from);
  }

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
      drawing.destroy();
    },
  };
}
