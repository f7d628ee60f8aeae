/** Picture of the timeline: bars of jobs above an axis of times. */

import { make } from "../../shared/dom.js";
import { layBars } from "./bars.js";
import { ticks } from "./ticks.js";

/** Heights in pixels. */
const [PICTURE_HEIGHT, AXIS_HEIGHT] = [72, 16];
/** Minimum distance of marks on the axis, in pixels. */
const MARK_DISTANCE = 80;
/** Width of a mark's text, in pixels. */
const LABEL_WIDTH = 50;

/** @typedef {{from: number, to: number, now: number}} Range */

/** @param {string} name */
const svg = (name) =>
  /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", name));

/** @param {() => void} onResize called when the picture has another width */
export function createPicture(onResize) {
  const picture = svg("svg");
  const axis = make("div", { className: "axis", ariaHidden: "true" });
  const node = make("div", { className: "drawing" }, picture, axis);
  picture.role = "img";
  node.style.height = PICTURE_HEIGHT + AXIS_HEIGHT + "px";

  /** One path for all bars of a style, since many elements are slow. @type {Map<string, SVGElement>} */
  const paths = new Map();
  /** @type {import("./bars.js").Bar[]} */
  let bars = [];
  let width = 0;

  /** @param {Range} range */
  function drawBars({ from, to, now }) {
    /** @type {Map<string, string>} */
    const shapes = new Map();
    for (const { style, x, y, width: w, height: h } of bars) {
      const shape =
        "M" +
        [x, y].map((n) => n.toFixed(1)).join() +
        "h" +
        w.toFixed(1) +
        "v" +
        h.toFixed(1) +
        "h" +
        (-w).toFixed(1) +
        "z";
      shapes.set(style, (shapes.get(style) ?? "") + shape);
    }
    if (shapes.has("EXPECTED")) {
      shapes.set(
        "NOW",
        "M" + (((now - from) / (to - from)) * width).toFixed(1) + " 0h1v" + PICTURE_HEIGHT + "h-1z",
      );
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
  }

  /** @param {Range} range */
  function drawAxis({ from, to }) {
    const marks = ticks(from, to, Math.max(2, width / MARK_DISTANCE));
    axis.replaceChildren(
      ...marks
        .filter(({ time }) => ((to - time) / (to - from)) * width > LABEL_WIDTH)
        .map(({ time, text }) => {
          const mark = make("span", {}, text);
          mark.style.left = ((time - from) / (to - from)) * 100 + "%";
          return mark;
        }),
    );
  }

  const observer = new ResizeObserver(() => {
    if (!picture.clientWidth || picture.clientWidth === width) return;
    width = picture.clientWidth;
    onResize();
  });
  observer.observe(node);

  return {
    node,
    picture,
    get width() {
      return width;
    },

    /**
     * Draws bars and axis. Returns the number of jobs, and that of the highest bar of a histogram.
     * @param {import("../table/indexed-row.js").Row[]} rows
     * @param {Range} range
     */
    draw(rows, range) {
      const { bars: laid, ...counts } = layBars(rows, { ...range, width, height: PICTURE_HEIGHT });
      bars = laid;
      picture.dataset.many = counts.maxCount ? "true" : "";
      drawBars(range);
      drawAxis(range);
      return counts;
    },

    /** The bar below the pointer. @param {MouseEvent} event */
    barAt({ clientX, clientY }) {
      const { left, top } = picture.getBoundingClientRect();
      const [x, y] = [clientX - left, clientY - top];
      const above = bars.filter((bar) => x >= bar.x - 1 && x <= bar.x + bar.width + 1);
      return (
        above.find((bar) => y >= bar.y - 1 && y <= bar.y + bar.height + 1) ??
        above.find(({ rows }) => !rows.length)
      );
    },

    destroy: () => observer.disconnect(),
  };
}
