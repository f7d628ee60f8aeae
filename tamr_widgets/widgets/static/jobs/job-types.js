/** Groups jobs by type, with the latest estimate of each type's running time. */

/** Names: text in brackets or quotes, or after a colon. Blanks, digits and letters are the same as in Python. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are blanks in Python.
const NAMES = /\[[^[\]]*\]|\([^()]*\)|\x22[^\x22]*\x22|(?<=:(?!\ufeff)[\s\x1c-\x1f\x85])[^\n]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are blanks in Python.
const BLANKS = /(?:(?!\ufeff)[\s\x1c-\x1f\x85])+/;
/** Words with a digit, an underscore, a slash, or a dot within are names too, since prose has none. */
const NAME_OR_NUMBER = /[\p{Nd}_/\\]|[\p{L}\p{N}_][.@][\p{L}\p{N}_]/u;
/** Maximum length of the description that distinguishes types; as in history.py. */
const MAX_TEMPLATE_CHARS = 300;

/**
 * Returns a job's type and its description without the names and numbers that vary, like history.py.
 * @param {string} type
 * @param {string} description
 */
export function jobTypeOf(type, description) {
  const words = description.replace(NAMES, "#").split(BLANKS).filter(Boolean);
  const jobType = words.map((word) => (NAME_OR_NUMBER.test(word) ? "#" : word)).join(" ");
  return type + " " + (/\p{L}/u.test(jobType) ? jobType : description);
}

/** Names in a reason: text in brackets or quotes. Text after a colon is the reason itself. */
const QUOTED = /\[[^[\]]*\]|\([^()]*\)|\x22[^\x22]*\x22|'[^']*'|\x60[^\x60]*\x60/g;
/** Returns a failure's reason without the names and numbers that vary. @param {string} reason */
export function failureTemplate(reason) {
  const words = reason.replace(QUOTED, "#").split(BLANKS).filter(Boolean);
  return words.map((word) => (NAME_OR_NUMBER.test(word) ? "#" : word)).join(" ");
}

/** @typedef {import("../shared/protocol.js").RowEstimate} RowEstimate */

export function createJobTypes() {
  /** @type {Map<string, string>} */
  const names = new Map();
  /** Templates by reason. @type {Map<string, string>} */
  const failures = new Map();
  /** @type {Map<string, {at: number, estimate: RowEstimate}>} */
  const latest = new Map();

  return {
    /** Returns a job's type; cached, since many jobs share a description. @param {string} type @param {string} description */
    name(type, description) {
      const full = type + " " + description;
      let name = names.get(full);
      if (name === undefined)
        names.set(full, (name = jobTypeOf(type, description.slice(0, MAX_TEMPLATE_CHARS))));
      return name;
    },

    /** Returns a failure's template; cached, since many jobs fail alike. @param {string} reason */
    failure(reason) {
      let template = failures.get(reason);
      if (template === undefined) failures.set(reason, (template = failureTemplate(reason)));
      return template;
    },

    /** @param {string} name @param {number} at the time of a job's creation @param {RowEstimate} estimate */
    add(name, at, estimate) {
      if (at >= (latest.get(name)?.at ?? -Infinity)) latest.set(name, { at, estimate });
    },

    /** Estimate of the latest job of a type. @param {string} name */
    usual: (name) => latest.get(name)?.estimate,
  };
}
