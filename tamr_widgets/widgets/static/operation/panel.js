/** The panel of one job. It does not depend on Jupyter: any page, or a table's row, can mount it. */

import { focusedNear, make, makeIcon, setText } from "../shared/dom.js";
import { SLOW_ACK_MS, WAITING_FOR_KERNEL, clockTime, cut, describe, duration } from "../shared/format.js";
import { progress, remaining, waitingText } from "../shared/estimate.js";
import { createStrip } from "./strip.js";

/** @typedef {import("./store.js").Store} Store */

/** Title by kind of error; the advice is in the error's message. */
const ERROR_TITLES = /** @type {Record<string, string>} */ ({
  gone: "Gone from the server",
  refused: "No permission",
  stopped: "No longer checked",
  retrying: "Not answered",
});

/** Confirmation by action: the question, the label that keeps the job, the label that confirms. */
const QUESTIONS = {
  cancel: ["Cancel this job on the server?", "Keep running", "Yes, cancel it"],
  delete: ["Delete this operation from the server?", "Keep it", "Yes, delete it"],
};

/** Seconds between two times, NaN if one is unknown. @param {number} [from] @param {number} [to] */
const between = (from = NaN, to = NaN) => (to - from) / 1000;

/** @param {Store} store */
export function createPanel(store) {
  const { icon, draw: drawShape } = makeIcon();
  const [offline, message] = [make("p"), make("p")];
  const [word, prompt, rest] = [make("span"), make("span"), make("span")];
  const [time, hint, note] = [make("small"), make("small"), make("small")];
  const [title, lead] = [make("b"), make("b")];
  const fill = make("i");
  const bar = make("div", { role: "progressbar", ariaLabel: "Progress" }, fill);
  const facts = make("div", { className: "tamr-facts" });
  const pre = make("pre", { tabIndex: 0, role: "region", ariaLabel: "Full message" });
  const countdown = make("span");
  // Screen readers read an alert whenever it changes, which would include every second.
  countdown.setAttribute("aria-live", "off");
  const alert = make("div", { role: "alert" }, lead, countdown, rest);
  const callback = make("div", { role: "alert", hidden: true });
  callback.dataset.kind = "callback";
  const announcement = make("div", { role: "status" });
  const strip = createStrip();
  /** Whether it runs longer than the upper end of its estimate. */
  let late = false;

  /** @type {Record<string, HTMLButtonElement>} */
  const buttons = {};
  /** @param {string} value @param {string} label @param {() => void} act */
  const button = (value, label, act) => buttons[value] = make("button", {
    value,
    // The second click of a double click would hit a button that the first one revealed.
    onclick: ({ detail }) => detail > 1 || buttons[value].ariaDisabled || act(),
  }, label);
  const actions = make("div", {},
    button("wait", "Wait", () => store.sendAction(store.facts.waiting ? "stop" : "wait")),
    button("cancel", "Cancel job", () => store.set({ asking: "cancel" })),
    button("delete", "Delete", () => store.set({ asking: "delete" })),
    note);
  const question = make("div", { role: "group", hidden: true },
    prompt,
    button("no", "", () => store.set({ asking: "" })),
    button("yes", "", () => {
      const { asking } = store;
      store.set({ asking: "" });
      if (asking) store.sendAction(asking);
    }));
  const more = make("div", {},
    button("details", "Details", () => store.set({ open: !store.open })),
    button("copy", "Copy", copy));

  const node = make("div", { className: "tamr", role: "group" },
    offline, make("div", {}, make("span", {}, icon, word), title, time),
    bar, hint, facts, message, more, strip.node, pre, alert, callback, actions, question, announcement);

  const focused = () => /** @type {HTMLButtonElement} */ (focusedNear(node));

  async function copy() {
    try {
      await navigator.clipboard.writeText(pre.textContent ?? "");
    } catch {
      // There is no clipboard on plain http: the older way copies the selection.
      getSelection()?.selectAllChildren(pre);
      document.execCommand("copy");
    }
    setText(buttons.copy, "Copied");
  }

  function drawHead() {
    const { description, state, as_of, deleted } = store.facts;
    const id = cut(store.facts.id, 99);
    const text = cut(description, 300);
    node.ariaLabel = "Operation " + id + (text && ": " + text);
    node.dataset.state = state ?? "";
    node.dataset.followed = "" + store.isFollowed();
    node.dataset.deleted = "" + deleted;
    const [name, shape] = describe(state);
    drawShape(shape);
    setText(word, cut(name, 40));
    setText(title, text || "Operation " + id);
    setText(offline, store.live ? store.waiting : "No kernel is connected: this is how it was" +
      (as_of ? " at " + clockTime(as_of) : "") + ".");
  }

  function drawProgress() {
    const { state, resolved, created_at, started_at, ended_at, estimate, queue, ahead } = store.facts;
    const now = resolved ? ended_at : store.now();
    const ran = between(started_at, now);
    const queued = state !== "RUNNING" && !resolved ? between(created_at, now) : NaN;
    setText(time, ran >= 0 ? (resolved ? "ran " : "running for ") + duration(ran)
      : queued >= 0 && "queued for " + duration(queued));

    const hasEstimate = !resolved && estimate && ran >= 0;
    const text = resolved || !store.isFollowed() ? ""
      : hasEstimate ? remaining(estimate, ran, false) + " · estimate"
      : (queue || ahead) && !started_at && queued >= 0 ? waitingText(store.facts, queued) : "";
    const percent = resolved ? "100" : hasEstimate ? "" + Math.floor(100 * progress(estimate, ran)) : null;
    late = !!hasEstimate && store.isFollowed() && ran > estimate.high;
    node.dataset.late = "" + late;
    setText(hint, text);
    bar.ariaValueNow = percent;
    bar.ariaValueText = resolved ? describe(state)[0] : percent && percent + "%: " + text;
    fill.style.width = percent && percent + "%" || "";
  }

  function drawFacts() {
    const { id, type, created_by, created_at, started_at, ended_at, ahead, message: statusMessage } = store.facts;
    const others = ahead ? ahead.count - ahead.names.length : 0;
    const queued = between(created_at, started_at);
    const by = created_by ? "by " + created_by : "";
    const at = created_at ? " at " + clockTime(created_at) : "";
    const rows = [
      ["Id", id],
      ["Type", type],
      ["Started", by + at],
      ["Queued", queued >= 0 && duration(queued)],
      ["Ended", ended_at && clockTime(ended_at)],
      ["Ahead", ahead && ahead.count > 1 && ahead.names.join(", ") + (others ? " and " + others + " more" : "")],
    ].filter((row) => row[1]).map((row) => row.map((text) => cut("" + text, 99)));
    if (facts.textContent !== rows.flat().join("")) {
      facts.replaceChildren(...rows.map(([name, value]) =>
        make("div", {}, make("small", {}, name), make("span", {}, value))));
    }
    setText(message, cut(statusMessage));
  }

  function drawDetails() {
    const { message: statusMessage = "", details: text = statusMessage.length > 999 && statusMessage } = store.facts;
    const { past, state, started_at, ended_at, resolved } = store.facts;
    const now = store.now();
    more.hidden = !text && !past;
    strip.node.hidden = !past || !store.open;
    pre.hidden = buttons.copy.hidden = !text || !store.open;
    buttons.details.ariaExpanded = "" + store.open;
    setText(pre, !pre.hidden && text);
    if (store.open) strip.draw({ past, ran: between(started_at, resolved ? ended_at : now), state, now });
  }

  function drawError() {
    const { fault = "", fault_kind = "", checked_at, retry_at, callback_error } = store.facts;
    const retrying = fault_kind === "retrying" && store.live;
    const seconds = between(Date.now(), store.toLocalTime(retry_at)) + 0.99;
    alert.dataset.kind = fault_kind;
    alert.hidden = !fault;
    setText(lead, !!fault && (checked_at ? "Last checked " + clockTime(store.toLocalTime(checked_at))
      : ERROR_TITLES[fault_kind] ?? "That did not work"));
    setText(countdown, retrying && ", retrying " + (seconds >= 1 ? "in " + duration(seconds) : "now"));
    setText(rest, !!fault && ": " + cut(fault));
    setText(callback, cut(callback_error));
    callback.hidden = !callback_error;
  }

  function drawActions() {
    const { type, state, resolved, waiting, busy, deleted, fault_kind = "", no_delete, timeout, outcome } = store.facts;
    const noop = type === "NOOP" && "Everything was up to date: no job was started.";
    const unavailable = !store.live ? "No kernel is connected."
      : deleted ? "The operation was deleted."
      : fault_kind === "gone" ? ERROR_TITLES.gone : noop;
    const ended = resolved && "The job has ended.";
    const pending = busy && "The server has not answered yet.";
    /** The reason for which a button is disabled. @type {Record<string, string | false | undefined>} */
    const reasons = {
      wait: unavailable || ended,
      cancel: unavailable || pending || ended || (state === "CANCELING" && "The job is being cancelled."),
      delete: unavailable || pending || (no_delete && "This server does not delete operations."),
    };
    for (const key in reasons) {
      buttons[key].ariaDisabled = reasons[key] ? "true" : null;
      buttons[key].title = reasons[key] || "";
      if (reasons[key] && store.asking === key) store.asking = "";
    }
    setText(buttons.wait, waiting ? "Stop waiting" : /refused|stopped/.test(fault_kind) ? "Try again" : "Wait");

    const clicks = Object.values(store.sent).filter(({ done }) => !done);
    setText(note, clicks.some(({ at }) => Date.now() - at >= SLOW_ACK_MS)
        ? WAITING_FOR_KERNEL
      : clicks[0] ? "Sending…"
      : actions.contains(focused()) && focused().title
        || (busy ? busy === "cancel" ? "Cancelling…" : "Deleting…"
      : waiting ? "Waiting for the end" + (timeout ? ", at most " + duration(timeout) : "") + "…"
      : cut(outcome) || noop));
  }

  /** Shows or hides the confirmation and moves the focus into it, or back to the action's button. */
  function drawQuestion() {
    const { asking } = store;
    if (!asking === question.hidden) return;
    const from = focused();
    if (asking) {
      const texts = QUESTIONS[asking];
      [prompt, buttons.no, buttons.yes].forEach((part, i) => setText(part, texts[i]));
      question.ariaLabel = texts[0];
      question.dataset.asking = asking;
    }
    question.hidden = !asking;
    if (asking && actions.contains(from)) buttons.no.focus();
    actions.hidden = !!asking;
    if (!asking && question.contains(from)) buttons[question.dataset.asking ?? ""].focus();
  }

  let lastState = "";
  function announceState() {
    const { state, deleted } = store.facts;
    const text = deleted ? "Deleted" : describe(state)[0] + (late ? ", longer than usual" : "");
    if (lastState && lastState !== text) setText(announcement, text);
    lastState = text;
  }

  function draw() {
    drawHead();
    drawProgress();
    drawFacts();
    drawDetails();
    drawError();
    drawActions();
    drawQuestion();
    announceState();
  }
  draw();
  const view = { node, draw };
  store.views.add(view);

  // Some browsers would take the focus away on a press of the mouse, which closes the confirmation.
  question.onmousedown = (event) => event.preventDefault();
  const onFocus = () => {
    store.focus = node.contains(focused()) ? focused().value : "";
    draw();
  };
  node.addEventListener("focusin", onFocus);
  node.addEventListener("focusout", ({ target, relatedTarget }) => {
    const leavesQuestion = question.contains(/** @type {Node} */ (target)) && !question.contains(/** @type {Node} */ (relatedTarget));
    // A view that is removed from the page loses its focus too, which must not close the confirmation.
    queueMicrotask(() => {
      if (!node.isConnected || !document.hasFocus()) return;
      setText(buttons.copy, "Copy");
      if (leavesQuestion) store.set({ asking: "" });
      onFocus();
    });
  });
  node.onkeydown = (event) => {
    if (event.key === "Escape") store.set({ asking: "" });
    // A notebook would take plain keys as its commands.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  return {
    ...view,
    /** Restores the focus that a removed view had, unless it is elsewhere now. */
    refocus() {
      if (document.activeElement === document.body) buttons[store.focus]?.focus();
    },
    destroy: () => store.views.delete(view),
  };
}
