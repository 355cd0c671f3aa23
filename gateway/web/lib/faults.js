// What can go wrong between the page and the interface, in words that say what to do next.

/** @import { FieldError, Problem } from "#api" */

/** @type {Record<number, string>} */
const NEXT_STEP = {
  0: "The server cannot be reached. Check the connection, then try again.",
  401: "This access key is not valid. Enter the key you were given, or ask for a new one.",
  403: "This access key may not do that. Ask for a key with more rights.",
  404: "This is gone, or it never existed. Go back and choose another answer.",
  409: "The same request is still running. Wait a moment, then try again.",
  413: "The file is too large. Upload a shorter or more strongly compressed recording.",
  415: "This kind of file cannot be read. Upload a common video, sound, PDF, Word (.docx) or text file.",
  429: "Too many requests in a short time. Wait a moment, then try again.",
  503: "The service is not ready. Try again in a minute.",
  507: "There is no room left for the file. Try again later.",
};

/** @type {Record<string, string>} */
const NEXT_STEP_OF = {
  report_readable_by_candidate_only: "This report opens only in the browser that the answer was handed in with.",
};

/** A refusal of the interface; `status` 0 where it could not be reached. */
export class ApiError extends Error {
  /**
   * @param {number} status of HTTP
   * @param {Partial<Problem>} problem the body that explains it, as far as there was one
   * @param {string | null} retryAfter the header of that name
   */
  constructor(status, problem = {}, retryAfter = null) {
    super(describe(status, problem, retryAfter));
    this.status = status;
    this.code = problem.code ?? "";
    this.fields = (problem.errors ?? []).map(fieldMessage).filter(Boolean);
    this.requestId = problem.request_id ?? "";
  }
}

/**
 * Say what happened and what to do next: in the server's words, or in ours where it sent none.
 * @param {number} status
 * @param {Partial<Problem>} problem
 * @param {string | null} retryAfter
 */
function describe(status, problem, retryAfter) {
  if (problem.code && NEXT_STEP_OF[problem.code]) return NEXT_STEP_OF[problem.code];
  const wait = retryAfter && /^\d+$/.test(retryAfter) ? ` Try again in ${retryAfter} seconds.` : "";
  if (problem.detail) return `${problem.detail}${wait}`;
  return (NEXT_STEP[status] ?? "Something went wrong on our side. Try again later.") + wait;
}

/**
 * Return what is wrong with one field: `video: too large`.
 * @param {FieldError} error
 */
const fieldMessage = ({ field, detail }) => (field && detail ? `${field.replace(/^.*[./]/, "")}: ${detail}` : detail);

/**
 * Return the status of a refusal, or null for any other fault.
 * @param {unknown} fault
 */
export const statusOf = (fault) => (fault instanceof ApiError ? fault.status : null);

/**
 * Return a fault in words.
 * @param {unknown} fault
 */
export const messageOf = (fault) => (fault instanceof Error && fault.message ? fault.message : "Something went wrong. Try again later.");

/**
 * Tell whether it was the person, or the page itself, who stopped it.
 * @param {unknown} fault
 */
export const wasStopped = (fault) => fault instanceof DOMException && fault.name === "AbortError";
