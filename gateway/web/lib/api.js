// The HTTP interface, as the page uses it.

import { ApiError, wasStopped } from "./faults.js";
import { answerTokens } from "./tokens.js";

/** @import { AcceptedAssessment, AssessmentList, AssessmentView, InterviewList, InterviewReport, InterviewView, QuestionList, Report, TenantView } from "#api" */
/** @typedef {RequestInit & { token?: string | null, headers?: Record<string, string> }} Options of a request; without a token it is made with the key */

const KEY = "candor.key";

export const accessKey = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/**
 * @param {Record<string, string>} more
 * @param {string | null} token
 * @returns {Record<string, string>}
 */
const headers = (more = {}, token = accessKey.get()) => ({ Authorization: `Bearer ${token ?? ""}`, ...more });

/** @param {Response} response */
async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new ApiError(response.status, body ?? {}, response.headers.get("Retry-After"));
}

/**
 * Send a request.
 * @param {string} path
 * @param {Options} [options]
 * @throws {ApiError} if the interface refuses it or cannot be reached
 */
async function request(path, { token, ...options } = {}) {
  const sent = { cache: /** @type {const} */ ("no-store"), ...options, headers: headers(options.headers, token) };
  const response = await fetch(path, sent).catch((fault) => {
    throw wasStopped(fault) ? fault : new ApiError(0);
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

/**
 * Send a request and read its document, whose form the caller knows.
 * @param {string} path
 * @param {Options} [options]
 */
const read = async (path, options) => (await request(path, options)).json();

/** @param {string} id */
const assessmentPath = (id) => `/v1/assessments/${encodeURIComponent(id)}`;

/**
 * Send a request about one answer, with the token that came with it or, where that is no good any more, the key.
 * @param {string} id
 * @param {string} part
 * @param {Options} options
 */
const requestAnswer = (id, part = "", options = {}) => requestOpened(assessmentPath(id) + part, id, options);

/**
 * @param {string} path
 * @param {string} id of the assessment whose token opens `path`
 * @param {Options} options
 */
async function requestOpened(path, id, options) {
  const token = answerTokens.of(id);
  if (token) {
    try {
      return await request(path, { token, ...options });
    } catch (fault) {
      if (!(fault instanceof ApiError && fault.code.startsWith("candidate_token_"))) throw fault;
      answerTokens.drop(id);
    }
  }
  return request(path, options);
}

/** @returns {Promise<QuestionList>} */
export const questions = () => read("/v1/questions?limit=100");

/** @returns {Promise<TenantView>} */
export const tenant = () => read("/v1/tenant");

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<AssessmentView>}
 */
export const assessment = async (id, signal) => (await requestAnswer(id, "", { signal })).json();

/**
 * @param {string} id of the assessment
 * @param {AbortSignal} signal
 * @returns {Promise<Report>}
 */
export const report = async (id, signal) => (await requestAnswer(id, "/report", { signal })).json();

/**
 * Open the stream of an assessment's events after the one named.
 * @param {string} id of the assessment
 * @param {string} lastId empty for all of them
 * @param {AbortSignal} signal
 */
export async function events(id, lastId, signal) {
  const more = { Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) };
  const { body } = await requestAnswer(id, "/events", { headers: more, signal });
  if (!body) throw new ApiError(0);
  return body;
}

/**
 * Erase an assessment.
 * @param {string} id
 */
export async function remove(id) {
  await requestAnswer(id, "", { method: "DELETE" });
  answerTokens.drop(id);
}

/**
 * Return a page of assessments, latest first.
 * @param {string} [after] the last one of the page before
 * @returns {Promise<AssessmentList>}
 */
export function assessments(after) {
  const query = new URLSearchParams({ limit: "10" });
  if (after) query.set("starting_after", after);
  return read(`/v1/assessments?${query}`);
}

/** @param {string} id */
const interviewPath = (id) => `/v1/interviews/${encodeURIComponent(id)}`;

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<InterviewView>}
 */
export const interview = (id, signal) => read(interviewPath(id), { signal });

/** @param {InterviewView} found */
const answersOf = (found) => found.questions.flatMap(({ assessment: id, earlier = [] }) => (id ? [id, ...earlier] : []));

/**
 * Return the report of an interview, opened by the token of the first answer, which opens all that came after it.
 * @param {InterviewView} found
 * @param {AbortSignal} signal
 * @returns {Promise<InterviewReport>}
 */
export async function interviewReport(found, signal) {
  const [first] = answersOf(found).sort();
  return (await requestOpened(`${interviewPath(found.id)}/report`, first, { signal })).json();
}

/**
 * Erase an interview with all of its answers.
 * @param {InterviewView} found
 */
export async function removeInterview(found) {
  await request(interviewPath(found.id), { method: "DELETE" });
  answersOf(found).forEach(answerTokens.drop);
}

/** @returns {Promise<InterviewList>} */
export const interviews = () => read("/v1/interviews?limit=5");

/**
 * Begin an interview.
 * @param {{ candidate: string, questions: string[] }} planned
 * @returns {Promise<InterviewView>}
 */
export function createInterview({ candidate, questions }) {
  const more = { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey() };
  return read("/v1/interviews", { method: "POST", headers: more, body: JSON.stringify({ candidate, questions }) });
}

function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Send an answer. XMLHttpRequest, because fetch does not tell how much of a body has left.
 * @param {FormData} form
 * @param {{ onProgress: (share: number) => void, signal: AbortSignal }} options
 * @returns {Promise<AcceptedAssessment>}
 * @throws {ApiError} if it is refused or cannot be sent
 * @throws {DOMException} if `signal` stopped it
 */
export function submit(form, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", "/v1/assessments");
    const all = headers({ Accept: "application/json", "Idempotency-Key": idempotencyKey() });
    for (const [name, value] of Object.entries(all)) call.setRequestHeader(name, value);
    call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    call.onerror = () => reject(new ApiError(0));
    call.onabort = () => reject(new DOMException("Upload stopped", "AbortError"));
    call.onload = () => {
      const body = parse(call.responseText);
      if (call.status >= 200 && call.status < 300 && body) {
        answerTokens.keep(body.id, body.candidate_token);
        resolve(body);
      } else reject(new ApiError(call.status, body ?? {}, call.getResponseHeader("Retry-After")));
    };
    signal.addEventListener("abort", () => call.abort(), { once: true });
    call.send(form);
  });
}

/**
 * Read JSON, or return null for what is none.
 * @param {string} text
 */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
