/** Creates and updates DOM nodes. Text from a server is only ever set as text, never as markup. */

/**
 * Creates an element with properties and children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {(string | Node)[]} children
 */
export function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/**
 * Writes text only where it has changed, so that screen readers and the layout see no false changes.
 * @param {Node} node
 * @param {string | false} [text]
 */
export function setText(node, text) {
  if (node.textContent !== (text || "")) node.textContent = text || "";
}

/** Label of a button whose text could not be copied. */
export const NOT_COPIED = "The browser does not allow it";

/**
 * Copies a text to the clipboard, and returns whether that was possible.
 * @param {string} text
 * @param {HTMLElement} parent in the document, for pages that have no clipboard
 */
export async function copyText(text, parent) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard on plain http: the older way copies a selection.
    const selected = make("pre", {}, text);
    selected.style.cssText = "position: fixed; clip-path: inset(50%)";
    parent.append(selected);
    getSelection()?.selectAllChildren(selected);
    const succeeded = document.execCommand("copy");
    selected.remove();
    return succeeded;
  }
}

/**
 * The views in an open tab of a page that is not hidden. The page is not laid out for it.
 * @template {{node: HTMLElement}} View
 * @param {Iterable<View>} views
 */
export const visibleOf = (views) =>
  [...views].filter(({ node }) => !document.hidden && node.checkVisibility());

/** The element that has the focus, also within a shadow root. @param {HTMLElement} node in the same root */
export const focusedNear = (node) =>
  /** @type {HTMLElement | null} */ (
    /** @type {Document | ShadowRoot} */ (node.getRootNode()).activeElement
  );

/** Creates an icon of 16 by 16 pixels whose shape can be changed: see describe() in format.js. */
export function makeIcon() {
  const [icon, path] = ["svg", "path"].map((tag) =>
    document.createElementNS("http://www.w3.org/2000/svg", tag),
  );
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.ariaHidden = "true";
  icon.append(path);
  return { icon, draw: (/** @type {string} */ shape) => path.setAttribute("d", shape) };
}

/** Formats a count with its noun: "1 job", "814 jobs". @param {number} count @param {string} noun */
export const plural = (count, noun) =>
  count.toLocaleString() + " " + noun + (count === 1 ? "" : "s");
