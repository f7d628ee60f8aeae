/** One view of all jobs. It does not depend on Jupyter: any page can mount it. */

import { focusedNear, make, setText } from "../shared/dom.js";
import { createBulk } from "./bulk/bulk.js";
import { createFilters } from "./filters.js";
import { createStatusBanner } from "./status-banner.js";
import { JOBS_CSS } from "./styles.js";
import { createGrid } from "./table/grid.js";
import { createTimeline } from "./timeline/timeline.js";

/** @param {import("./store.js").Jobs} jobs */
export function createPage(jobs) {
  const grid = createGrid(jobs, () => filters.search.focus());
  const filters = createFilters(jobs, grid.focus);
  const statusBanner = createStatusBanner(
    jobs,
    () => {
      jobs.show({ search: "", state: "", kind: null });
      filters.search.focus();
    },
    () => filters.search.focus(),
  );
  const bulk = createBulk(jobs, grid.focus);
  const timeline = createTimeline(jobs, grid.focus);
  const announcement = make("div", { role: "status", className: "unseen" });
  const node = make(
    "div",
    { className: "tamr-jobs", role: "region", ariaLabel: "Jobs" },
    make("style", {}, JOBS_CSS),
    statusBanner.above,
    filters.node,
    timeline.node,
    bulk.node,
    grid.node,
    statusBanner.placeholder,
    announcement,
  );
  const parts = [statusBanner, filters, timeline, bulk, grid];

  function draw() {
    if (jobs.loading) node.dataset.loading = "";
    else delete node.dataset.loading;
    node.dataset.live = "" + jobs.live;
    for (const part of parts) part.draw();
    setText(announcement, jobs.announcement);
  }
  const view = {
    node,
    draw,
    tick() {
      for (const part of [statusBanner, timeline, bulk, grid]) part.tick();
      setText(announcement, jobs.announcement);
    },
  };
  jobs.views.add(view);
  jobs.draw();

  node.addEventListener("focusin", () => {
    const focused = focusedNear(node);
    jobs.focus = focused === filters.search ? "search" : grid.node.contains(focused) ? "grid" : "";
  });
  node.addEventListener("focusout", () => {
    queueMicrotask(() => {
      if (node.isConnected && document.hasFocus() && !node.contains(focusedNear(node)))
        jobs.focus = "";
    });
  });
  node.onkeydown = (event) => {
    // A notebook would take plain keys as its commands.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  return {
    node,
    /** Restores the focus that a removed view had, unless it is elsewhere now. */
    refocus() {
      if (document.activeElement !== document.body) return;
      if (jobs.focus === "search") filters.search.focus();
      else if (jobs.focus === "grid") grid.focus();
    },
    destroy() {
      jobs.views.delete(view);
      for (const part of [filters, timeline, grid]) part.destroy();
    },
  };
}
