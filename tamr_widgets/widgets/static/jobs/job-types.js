/** Kinds of jobs, and how long each kind usually runs: what makes a slow job stand out. */

/** In brackets or quotes, or after a colon, stands a name. Blanks, digits and letters are Python's. */
const NAMES = /\[[^[\]]*\]|\([^()]*\)|\x22[^\x22]*\x22|(?<=:(?!\ufeff)[\s\x1c-\x1f\x85])[^\n]+/g;
const BLANKS = /(?:(?!\ufeff)[\s\x1c-\x1f\x85])+/;
/** No word of prose has a digit, an underscore, a slash, or a dot within. */
const NAME_OR_NUMBER = /[\p{Nd}_/\\]|[\p{L}\p{N}_][.@][\p{L}\p{N}_]/u;
/** Longer descriptions are no kinds of their own; as in history.py. */
const KIND_CHARACTERS = 300;
/** Runs below this number say nothing of what is usual. */
const LEAST_RUNS = 3;

/**
 * A job's type and its description without the names and numbers that vary; as history.py has it.
 * @param {string} type
 * @param {string} description
 */
export function kindOf(type, description) {
  const words = description.replace(NAMES, "#").split(BLANKS).filter(Boolean);
  const kind = words.map((word) => NAME_OR_NUMBER.test(word) ? "#" : word).join(" ");
  return type + " " + (/\p{L}/u.test(kind) ? kind : description);
}

export function createKinds() {
  /** @type {Map<string, string>} */
  const names = new Map();
  /** @type {Map<string, {runs: number[], sorted: boolean}>} */
  const kinds = new Map();

  return {
    /** Many jobs share a description: each is looked at once. @param {string} type @param {string} description */
    name(type, description) {
      const full = type + " " + description;
      let name = names.get(full);
      if (name === undefined) names.set(full, name = kindOf(type, description.slice(0, KIND_CHARACTERS)));
      return name;
    },

    /** @param {string} name @param {number} seconds how long a job ran that succeeded */
    add(name, seconds) {
      const kind = kinds.get(name);
      if (!kind) kinds.set(name, { runs: [seconds], sorted: true });
      else {
        kind.runs.push(seconds);
        kind.sorted = false;
      }
    },

    /** Median and 90th percentile in seconds, if there is a basis. @param {string} name */
    usual(name) {
      const kind = kinds.get(name);
      if (!kind || kind.runs.length < LEAST_RUNS) return undefined;
      if (!kind.sorted) {
        kind.runs.sort((a, b) => a - b);
        kind.sorted = true;
      }
      const { runs } = kind;
      return { median: runs[runs.length >> 1], high: runs[Math.floor((runs.length - 1) * 0.9)] };
    },
  };
}
