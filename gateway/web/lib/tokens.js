// What opens the answers that were handed in here: one candidate token each, kept beyond the tab,
// since in some places nothing else opens a practice report.

const TOKENS = "candor.tokens";
const MOST = 200;

/** @typedef {[id: string, token: string]} Kept the token of an assessment */

/** @returns {Kept[]} */
function readAll() {
  try {
    const kept = JSON.parse(localStorage.getItem(TOKENS) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** @param {string} id */
const without = (id) => readAll().filter(([kept]) => kept !== id);

/** @param {Kept[]} kept */
const store = (kept) => localStorage.setItem(TOKENS, JSON.stringify(kept.slice(-MOST)));

/**
 * Return the token that opens an assessment, or null.
 * @param {string} id
 */
const of = (id) => readAll().find(([kept]) => kept === id)?.[1] ?? null;

/**
 * Keep the token of an assessment, if one came with it.
 * @param {string} id
 * @param {string | null} token
 */
function keep(id, token) {
  if (token) store([...without(id), [id, token]]);
}

/**
 * Forget the token of an assessment.
 * @param {string} id
 */
const drop = (id) => store(without(id));

/** Forget every token. */
const forgetAll = () => localStorage.removeItem(TOKENS);

export const answerTokens = { of, keep, drop, forgetAll };
