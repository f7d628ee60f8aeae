/** The panel of one job. It does not depend on Jupyter: any page, or a table's row, can mount it. */

import { copyText, focusedNear, make, makeIcon, setText } from "../shared/dom.js";
import { progress, remaining, waitingText } from "../shared/estimate.js";
import {
  clockTime,
  cut,
  describe,
  duration,
  SLOW_ACK_MS,
  WAITING_FOR_KERNEL,
} from "../shared/format.js";
import { createButtons, createQuestion } from "../shared/question.js";
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
  cancel: ["Cancel this job on ", "Keep running", "Yes, cancel it"],
  delete: ["Delete this operation from ", "Keep it", "Yes, delete it"],
};
/** Labels of the buttons that copy something, by value. */
const COPY_LABELS = /** @type {Record<string, string>} */ ({
  copy: "Copy",
  code: "Copy code",
  path: "Copy path",
});

/** The reason for which a page cannot show desktop notifications, or "". */
const desktopUnavailable = () =>
  !("Notification" in self)
    ? "This page cannot show notifications: browsers allow them on https and localhost."
    : Notification.permission === "denied"
      ? "The browser blocks the notifications of this page."
      : "";

/** Seconds between two times, NaN if one is unknown. @param {number} [from] @param {number} [to] */
const between = (from = NaN, to = NaN) => (to - from) / 1000;

/** @param {Store} store */
export function createPanel(store) {
  const { icon, draw: drawShape } = makeIcon();
  const [offline, message] = [make("p"), make("p")];
  const [word, rest] = [make("span"), make("span")];
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

  const view = createButtons();
  const { buttons, button } = view;
  const actions = make(
    "div",
    {},
    button("wait", "Wait", () => store.sendAction(store.facts.waiting ? "stop" : "wait")),
    button("bell", "", () => store.setDesktop(!store.desktop)),
    button("cancel", "Cancel job", () => store.set({ asking: "cancel" })),
    button("delete", "Delete", () => store.set({ asking: "delete" })),
    copyButton("code", () => store.facts.code),
    note,
  );
  const question = createQuestion(view, actions, (yes) => {
    const { asking } = store;
    store.set({ asking: "" });
    if (yes && asking) store.sendAction(asking);
  });
  const more = make(
    "div",
    {},
    button("details", "Details", () => store.set({ open: !store.open })),
    copyButton("copy", () => pre.textContent),
  );
  const pathButton = copyButton("path", () => store.facts.artifact);

  const node = make(
    "div",
    { className: "tamr", role: "group" },
    offline,
    make("div", {}, make("span", {}, icon, word), title, time),
    bar,
    hint,
    facts,
    message,
    more,
    strip.node,
    pre,
    alert,
    callback,
    actions,
    question.node,
    announcement,
  );

  const focused = () => /** @type {HTMLButtonElement} */ (focusedNear(node));

  /** Creates a button that copies a text. @param {string} value @param {() => string | null | undefined} text */
  function copyButton(value, text) {
    return button(value, COPY_LABELS[value], async () => {
      await copyText(text() ?? "", node);
      setText(buttons[value], "Copied");
    });
  }

  function drawHead() {
    const { description, state, as_of, deleted, code } = store.facts;
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
    setText(
      offline,
      store.live
        ? store.waiting
        : "No kernel is connected: this is how it was" +
            (as_of ? " at " + clockTime(as_of) : "") +
            "." +
            (code ? " To follow it again: " + cut(code) : ""),
    );
  }

  function drawProgress() {
    const { state, resolved, created_at, started_at, ended_at, estimate, queue, ahead } =
      store.facts;
    const now = resolved ? ended_at : store.now();
    const ran = between(started_at, now);
    const queued = state !== "RUNNING" && !resolved ? between(created_at, now) : NaN;
    setText(
      time,
      ran >= 0
        ? (resolved ? "ran " : "running for ") + duration(ran)
        : queued >= 0 && "queued for " + duration(queued),
    );

    const hasEstimate = !resolved && estimate && ran >= 0;
    const text =
      resolved || !store.isFollowed()
        ? ""
        : hasEstimate
          ? remaining(estimate, ran, false) + " · estimate"
          : (queue || ahead) && !started_at && queued >= 0
            ? waitingText(store.facts, queued)
            : "";
    const percent = resolved
      ? "100"
      : hasEstimate
        ? "" + Math.floor(100 * progress(estimate, ran))
        : null;
    late = !!hasEstimate && store.isFollowed() && ran > estimate.high;
    node.dataset.late = "" + late;
    setText(hint, text);
    bar.ariaValueNow = percent;
    bar.ariaValueText = resolved ? describe(state)[0] : percent && percent + "%: " + text;
    fill.style.width = (percent && percent + "%") || "";
  }

  let factsText = "";
  function drawFacts() {
    const {
      id,
      type,
      server,
      artifact,
      created_by,
      created_at,
      started_at,
      ended_at,
      ahead,
      message: statusMessage,
    } = store.facts;
    const others = ahead ? ahead.count - ahead.names.length : 0;
    const queued = between(created_at, started_at);
    const by = created_by ? "by " + created_by : "";
    const at = created_at ? " at " + clockTime(created_at) : "";
    const rows = [
      ["Id", id],
      ["Type", type],
      ["Server", server],
      ["Started", by + at],
      ["Queued", queued >= 0 && duration(queued)],
      ["Ended", ended_at && clockTime(ended_at)],
      [
        "Ahead",
        ahead &&
          ahead.count > 1 &&
          ahead.names.join(", ") + (others ? " and " + others + " more" : ""),
      ],
      ["Artifact", artifact],
    ]
      .filter((row) => row[1])
      .map(([name, text]) => [name + "", cut(text + "", name === "Artifact" ? 300 : 99)]);
    if (factsText !== rows.join()) {
      factsText = rows.join();
      const focusedPath = focused() === pathButton;
      facts.replaceChildren(
        ...rows.map(([name, value]) =>
          make(
            "div",
            {},
            make("small", {}, name),
            make("span", {}, value),
            ...(name === "Artifact" ? [pathButton] : []),
          ),
        ),
      );
      if (focusedPath) pathButton.focus();
    }
    setText(message, cut(statusMessage));
  }

  function drawDetails() {
    const {
      message: statusMessage = "",
      details: text = statusMessage.length > 999 && statusMessage,
    } = store.facts;
    const { past, state, started_at, ended_at, resolved } = store.facts;
    const now = store.now();
    more.hidden = !text && !past;
    strip.node.hidden = !past || !store.open;
    pre.hidden = buttons.copy.hidden = !text || !store.open;
    buttons.details.ariaExpanded = "" + store.open;
    setText(pre, !pre.hidden && text);
    if (past && store.open)
      strip.draw(past, between(started_at, resolved ? ended_at : now), state ?? "", now);
  }

  function drawError() {
    const { error = "", error_kind = "", checked_at, retry_at, callback_error } = store.facts;
    const retrying = error_kind === "retrying" && store.live;
    const seconds = between(Date.now(), store.toLocalTime(retry_at)) + 0.99;
    alert.dataset.kind = error_kind;
    alert.hidden = !error;
    setText(
      lead,
      !!error &&
        (checked_at
          ? "Last checked " + clockTime(store.toLocalTime(checked_at))
          : (ERROR_TITLES[error_kind] ?? "That did not work")),
    );
    setText(
      countdown,
      retrying && ", retrying " + (seconds >= 1 ? "in " + duration(seconds) : "now"),
    );
    setText(rest, !!error && ": " + cut(error));
    setText(callback, cut(callback_error));
    callback.hidden = !callback_error;
  }

  function drawActions() {
    const {
      type,
      state,
      resolved,
      waiting,
      busy,
      deleted,
      error_kind = "",
      no_delete,
      timeout,
      outcome,
    } = store.facts;
    const noop = type === "NOOP" && "Everything was up to date: no job was started.";
    const unavailable = !store.live
      ? "No kernel is connected."
      : deleted
        ? "The operation was deleted."
        : error_kind === "gone"
          ? ERROR_TITLES.gone
          : noop;
    const ended = resolved && "The job has ended.";
    const pending = busy && "The server has not answered yet.";
    /** The reason for which a button is disabled. @type {Record<string, string | false | undefined>} */
    const reasons = {
      wait: unavailable || ended,
      bell: unavailable || ended || desktopUnavailable(),
      cancel:
        unavailable || pending || ended || (state === "CANCELING" && "The job is being cancelled."),
      delete: unavailable || pending || (no_delete && "This server does not delete operations."),
    };
    for (const key in reasons) {
      buttons[key].ariaDisabled = reasons[key] ? "true" : null;
      buttons[key].title = reasons[key] || "";
      if (reasons[key] && store.asking === key) store.asking = "";
    }
    buttons.code.hidden = !store.facts.code;
    buttons.bell.ariaPressed = "" + store.desktop;
    const recipients = [
      ...(store.facts.notified ?? []),
      ...(store.desktop ? ["this desktop"] : []),
    ].join(", ");
    setText(buttons.bell, "Notify" + (recipients && ": " + cut(recipients, 99)));
    setText(
      buttons.wait,
      waiting ? "Stop waiting" : /refused|stopped/.test(error_kind) ? "Try again" : "Wait",
    );

    const clicks = Object.values(store.sent).filter(({ done }) => !done);
    setText(
      note,
      clicks.some(({ at }) => Date.now() - at >= SLOW_ACK_MS)
        ? WAITING_FOR_KERNEL
        : clicks[0]
          ? "Sending…"
          : (actions.contains(focused()) && focused().title) ||
            (busy
              ? busy === "cancel"
                ? "Cancelling…"
                : "Deleting…"
              : waiting
                ? "Waiting for the end" + (timeout ? ", at most " + duration(timeout) : "") + "…"
                : cut(outcome) || noop),
    );
  }

  /** Texts of the confirmation: the question, the label that keeps the job, the label that confirms. */
  function questionTexts() {
    const { server = "the server", by_other, created_by } = store.facts;
    const [ask, keep, confirm] = QUESTIONS[store.asking || "cancel"];
    const owner = by_other ? " It was started by " + cut(created_by, 99) + ", not by you." : "";
    return [ask + cut(server, 99) + "?" + owner, keep, confirm];
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
    question.draw(store.asking, questionTexts);
    announceState();
  }
  draw();
  const drawn = { node, draw };
  store.views.add(drawn);

  const onFocus = () => {
    store.focus = node.contains(focused()) ? focused().value : "";
    draw();
  };
  node.addEventListener("focusin", onFocus);
  node.addEventListener("focusout", (event) => {
    const leavesQuestion = question.isLeftBy(event);
    // A view that is removed from the page loses its focus too, which must not close the confirmation.
    queueMicrotask(() => {
      if (!node.isConnected || !document.hasFocus()) return;
      for (const value in COPY_LABELS) setText(buttons[value], COPY_LABELS[value]);
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
    ...drawn,
    /** Restores the focus that a removed view had, unless it is elsewhere now. */
    refocus() {
      if (document.activeElement === document.body) buttons[store.focus]?.focus();
    },
    destroy: () => store.views.delete(drawn),
  };
}
