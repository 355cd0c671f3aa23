// Erasing an answer, for good and only after an explicit yes.

import * as api from "../lib/api.js";
import { confirmDialog } from "../lib/confirm.js";
import { announce } from "../lib/dom.js";
import { statusOf } from "../lib/faults.js";

/**
 * Erase an answer after an explicit yes.
 * @param {string} id
 * @param {(fault: unknown) => void} onFault told why it could not be erased
 * @returns {Promise<boolean>} whether it is gone
 */
export async function deleteAfterAsking(id, onFault) {
  const sure = await confirmDialog({
    title: "Delete this answer?",
    text: "The recording or text, every result and the report are erased for good. This cannot be undone.",
    yes: "Delete",
  });
  if (!sure) return false;
  try {
    await api.remove(id);
  } catch (fault) {
    if (statusOf(fault) !== 404) {
      onFault(fault);
      return false;
    }
  }
  announce("The answer was deleted.");
  return true;
}
