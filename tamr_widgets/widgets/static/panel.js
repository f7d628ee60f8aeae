/** The panel of one job. It knows nothing of Jupyter: any page, or a table's row, can mount it. */

import { clockTime, duration, stateWord } from "./format.js";
import { progress, remaining } from "./estimate.js";

/** @typedef {import("./store.js").Store} Store */

/** A shape for each state, drawn on 16 by 16. @type {Record<string, string>} */
const SHAPES = {
  PENDING: "M8 2a6 6 0 1 0 .1 0M8 5v3.5l2.5 1.5",
  RUNNING: "M4.5 3l8 5-8 5z",
  CANCELING: "M8 2a6 6 0 1 0 .1 0M5 8h6",
  SUCCEEDED: "M2.5 8.5l3.5 4 7.5-9",
  FAILED: "M3.5 3.500l9 9M12.5 3.500l-9 9",
  CANCELED: "M8 2a6 6 0 1 0 .1 0M4 12l8-8",
};
const UNKNOWN = "M8 1.500l6.5 6.5-6.5 6.5-6.5-6.500z";

/** What a fault of each kind is called, and what a person can do. @type {Record<string, string[]>} */
const FAULTS = {
  gone: ["Gone from the server", "It was deleted elsewhere. What is shown is the last that was known."],
  refused: ["No permission", "Sign in again or ask for access, then run the cell again."],
  stopped: ["No longer checked", "Run the cell again to go on."],
  action: ["That did not work", "What is shown is what the server says. You can try again."],
};

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(string | Node)[]} children
 */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  node.append(...children);
  return node;
}

/** Writes text only where it has changed, so that nothing is announced or laid out for nothing.
 * @param {Node} node
 * @param {string} [text]
 */
function write(node, text = "") {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string | number | false} [value] */
function mark(node, name, value) {
  if (value || value === 0) {
    if (node.getAttribute(name) !== "" + value) node.setAttribute(name, "" + value);
  } else node.removeAttribute(name);
}

/** Cut where no person reads on. @param {string} [text] */
const cut = (text = "", length = 1000) => text.length > length ? text.slice(0, length) + "…" : text;

/** Seconds between two times. @param {number} [from] @param {number} [to] */
const between = (from, to) => from && to ? (to - from) / 1000 : NaN;

/** @param {Store} store */
export function createPanel(store) {
  const uid = "tamr" + Math.random().toString(36).slice(2);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.append(shape);
  mark(svg, "viewBox", "0 0 16 16");
  mark(svg, "aria-hidden", "true");

  const word = element("span", {});
  const title = element("strong", { dir: "auto" });
  const time = element("span", { class: "tamr-time tamr-dim" });
  const offline = element("p", { class: "tamr-offline" });
  const fill = element("i", {});
  const bar = element("div", { role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const hint = element("p", { class: "tamr-dim" });
  const facts = element("dl", {});
  const message = element("p", { class: "tamr-message", dir: "auto" });
  const pre = element("pre", { id: uid + "-pre", tabindex: "0", dir: "auto", role: "region", "aria-label": "Full message" });
  const faultName = element("b", {});
  const faultText = element("span", { dir: "auto" });
  const checked = element("span", {});
  const retry = element("span", { "aria-live": "off" });
  const todo = element("span", {});
  const alert = element("div", { role: "alert" }, faultName, checked, retry, faultText, todo);
  const note = element("span", { class: "tamr-dim", dir: "auto" });
  const live = element("div", { role: "status", class: "tamr-spoken" });

  /** @type {Record<string, HTMLElement>} */
  const controls = {};
  /**
   * @param {string} key
   * @param {string} label
   * @param {() => void} act
   */
  const button = (key, label, act) => {
    const node = element("button", { type: "button", "data-key": key }, label);
    node.onclick = (event) => {
      // The second click of a double click would hit what the first one brought up.
      if (event.detail < 2 && !node.ariaDisabled) act();
    };
    return controls[key] = node;
  };
  /** A button that can say why it can't be pressed. @param {string} key @param {string} label @param {() => void} act */
  const action = (key, label, act) => {
    const reason = element("span", { id: uid + key, hidden: "" });
    return { node: button(key, label, act), reason };
  };

  const wait = action("wait", "Wait", () => store.press(store.facts.waiting ? "stop" : "wait"));
  const cancel = action("cancel", "Cancel job", () => store.ask("cancel"));
  const remove = action("delete", "Delete", () => store.ask("delete"));
  const actions = element("div", { class: "tamr-row" },
    wait.node, cancel.node, remove.node, note, wait.reason, cancel.reason, remove.reason);

  const asked = element("span", { id: uid + "asked" });
  const no = button("no", "", () => store.ask(""));
  const yes = button("yes", "", () => {
    const { asking } = store;
    store.ask("");
    if (asking) store.press(asking);
  });
  mark(no, "aria-describedby", asked.id);
  const question = element("div", { class: "tamr-row", role: "group", "aria-labelledby": asked.id, hidden: "" }, asked, no, yes);

  const details = button("details", "Details", () => {
    store.open = !store.open;
    store.draw();
  });
  mark(details, "aria-controls", pre.id);
  const copy = button("copy", "Copy", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent ?? "");
    } catch {
      // No clipboard on plain http: select the text and ask the old way.
      getSelection()?.selectAllChildren(pre);
      document.execCommand("copy");
    }
    write(copy, "Copied");
  });
  copy.onblur = () => write(copy, "Copy");
  const more = element("div", { class: "tamr-row" }, details, copy);

  const node = element("div", { class: "tamr", role: "group" },
    offline,
    element("div", { class: "tamr-head" }, element("span", { class: "tamr-state" }, svg, word), title, time),
    bar, hint, facts, message, more, pre, alert, actions, question, live);

  const focused = () => /** @type {Document | ShadowRoot} */ (node.getRootNode()).activeElement;

  function drawHead() {
    const { id, description, state, started_at, ended_at, created_at, resolved } = store.facts;
    mark(node, "aria-label", "Operation " + id + (description ? ": " + cut(description, 200) : ""));
    mark(node, "data-state", state);
    mark(node, "data-live", store.live && "true");
    mark(shape, "d", SHAPES[state ?? ""] ?? UNKNOWN);
    write(word, cut(stateWord(state), 40));
    write(title, cut(description) || "Operation " + id);
    const end = ended_at ?? (resolved ? undefined : store.now());
    const ran = between(started_at, end);
    const queued = between(created_at, end);
    write(time, ran >= 0 ? (resolved ? "ran " : "running for ") + duration(ran)
      : queued >= 0 && !resolved ? "queued for " + duration(queued) : "");
    write(offline, store.live ? "" : "No kernel is connected: this is how it was" +
      (store.facts.as_of ? " at " + clockTime(store.facts.as_of) : "") + ".");
  }

  function drawProgress() {
    const { state, resolved, created_at, started_at, estimate, queue } = store.facts;
    const elapsed = between(started_at, store.now());
    const queued = between(created_at, store.now());
    const known = !resolved && estimate && elapsed >= 0;
    const text = known ? remaining(estimate, elapsed, false)
      : !resolved && queue && !started_at && queued >= 0 ? remaining(queue, queued, true) : "";
    const share = resolved ? 1 : known ? progress(estimate, elapsed) : undefined;
    const percent = share && Math.min(99, Math.floor(100 * share));
    mark(bar, "aria-valuenow", resolved ? 100 : percent);
    mark(bar, "aria-valuetext", resolved ? stateWord(state) : known && percent + "%, estimated. " + text);
    fill.style.width = share === undefined ? "" : 100 * share + "%";
    write(hint, text && store.live ? text + (known ? " · estimate" : "") : "");
  }

  function drawFacts() {
    const { id, type, created_by, created_at, started_at, ended_at, message: said } = store.facts;
    const queued = between(created_at, started_at);
    const rows = [["Id", id], ["Type", type], ["Started by", created_by],
      ["Created", created_at && clockTime(created_at)],
      ["Queued", queued >= 0 && duration(queued)],
      ["Started", started_at && clockTime(started_at)],
      ["Ended", ended_at && clockTime(ended_at)]].filter(([, value]) => value);
    if (facts.textContent !== rows.flat().join("")) {
      facts.replaceChildren(...rows.map(([name, value]) => element("div", {},
        element("dt", {}, "" + name), element("dd", { dir: "auto" }, cut("" + value, 100)))));
    }
    write(message, cut(said));
  }

  function drawDetails() {
    const { details: text, message: said = "" } = store.facts;
    const long = text ?? (said.length > 1000 ? said : "");
    more.hidden = !long;
    pre.hidden = copy.hidden = !long || !store.open;
    mark(details, "aria-expanded", "" + !pre.hidden);
    if (!pre.hidden) write(pre, long);
  }

  function drawFault() {
    const { fault, fault_kind: kind = "", checked_at, retry_at } = store.facts;
    const seconds = Math.ceil((store.here(retry_at) - Date.now()) / 1000);
    const retrying = kind === "retrying" && store.live;
    const [name, next] = FAULTS[kind] ?? [];
    mark(alert, "data-kind", fault && kind);
    write(faultName, fault && name && name + ": ");
    write(checked, fault && kind === "retrying" && checked_at ? "Last checked " + clockTime(store.here(checked_at)) : "");
    write(retry, fault && retrying ? (checked_at ? ", retrying " : "Retrying ") + (seconds > 0 ? "in " + duration(seconds) : "now") : "");
    write(faultText, fault && (kind === "retrying" ? ": " : "") + cut(fault));
    write(todo, fault && next && " " + next);
  }

  function drawActions() {
    const { type, state, resolved, waiting, busy, deleted, fault_kind, no_delete } = store.facts;
    const moot = !store.live ? "No kernel is connected."
      : deleted ? "The operation was deleted."
      : fault_kind === "gone" ? "The server no longer has this operation."
      : type === "NOOP" ? "Everything was up to date: there is no job on the server." : "";
    const under = moot || (busy ? "The server has not answered the last request yet." : "");
    /** @type {[ReturnType<typeof action>, string][]} */
    const reasons = [
      [wait, moot || (resolved ? "The job has ended." : "")],
      [cancel, under || (resolved ? "The job has ended."
        : state === "CANCELING" ? "The job is being cancelled." : "")],
      [remove, under || (no_delete ? "This server does not delete operations (it answered 405)." : "")],
    ];
    write(wait.node, waiting ? "Stop waiting" : "Wait");
    for (const [{ node: control, reason }, why] of reasons) {
      mark(control, "aria-disabled", why && "true");
      mark(control, "aria-describedby", why && reason.id);
      mark(control, "title", why);
      mark(control, "data-sent", store.sent[control.dataset.key ?? ""] && "true");
      write(reason, why);
      if (why && store.asking === control.dataset.key) store.asking = "";
    }
    write(note, noteText());
  }

  function noteText() {
    const { busy, waiting, timeout, outcome } = store.facts;
    const open = Object.values(store.sent).filter(({ done }) => !done);
    return !store.live ? ""
      : open.some(({ at }) => Date.now() - at >= 2000)
        ? "The kernel is busy with another cell; this will be sent when it is done."
      : open.length ? "Sending…"
      : busy ? busy === "cancel" ? "Cancelling…" : "Deleting…"
      : waiting ? "Waiting for the end" + (timeout ? ", at most " + duration(timeout) : "") + "…"
      : cut(outcome);
  }

  /** Shows or hides the question and moves the focus along: into it, or back to where it was asked. */
  function drawQuestion() {
    const { asking } = store;
    if (!asking === question.hidden) return;
    const asker = actions.contains(focused());
    const inside = question.contains(focused());
    if (asking) {
      const cancelling = asking === "cancel";
      write(asked, cancelling ? "Cancel this job on the server?" : "Delete this operation from the server?");
      write(no, cancelling ? "Keep running" : "Keep it");
      write(yes, cancelling ? "Yes, cancel it" : "Yes, delete it");
      question.dataset.asking = asking;
      question.hidden = false;
      if (asker) no.focus();
      actions.hidden = true;
    } else {
      actions.hidden = false;
      if (inside) controls[question.dataset.asking ?? ""].focus();
      question.hidden = true;
    }
  }

  let spoken = "";
  function speak() {
    const { state, deleted } = store.facts;
    const text = deleted ? "Deleted" : stateWord(state);
    if (spoken && spoken !== text) write(live, text);
    spoken = text;
  }

  function draw() {
    drawHead();
    drawProgress();
    drawFacts();
    drawDetails();
    drawFault();
    drawActions();
    drawQuestion();
    speak();
  }

  // Focus stays where it is while the mouse chooses an answer; some browsers would drop it.
  question.onmousedown = (event) => event.preventDefault();
  question.addEventListener("focusout", (event) => {
    if (question.contains(/** @type {Node} */ (event.relatedTarget))) return;
    // A view that is taken off the page loses its focus too, but that is nobody's answer.
    queueMicrotask(() => {
      if (store.asking && node.isConnected && document.hasFocus()) store.ask("");
    });
  });
  node.onkeydown = (event) => {
    if (event.key === "Escape" && store.asking) store.ask("");
    // A notebook takes plain keys for its commands: they are meant for the buttons here.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  draw();
  store.views.add(draw);
  return {
    node,
    draw,
    destroy() {
      store.views.delete(draw);
    },
  };
}
