// What opens the answers that were handed in here: one candidate token each, kept beyond the tab,
// since in some places nothing else opens a practice report.

const TOKENS = "candor.tokens";
const MOST = 200;

function readAll() {
  try {
    const kept = JSON.parse(localStorage.getItem(TOKENS));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function without(id) {
  return readAll().filter(([kept]) => kept !== id);
}

const store = (kept) => localStorage.setItem(TOKENS, JSON.stringify(kept.slice(-MOST)));

export const answerTokens = {
  of: (id) => readAll().find(([kept]) => kept === id)?.[1] ?? null,
  keep: (id, token) => token && store([...without(id), [id, token]]),
  drop: (id) => store(without(id)),
  forgetAll: () => localStorage.removeItem(TOKENS),
};
