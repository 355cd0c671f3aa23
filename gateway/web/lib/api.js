// The HTTP interface, as the page uses it.

import { FINAL } from "./labels.js";
import { readEvents } from "./sse.js";
import { answerTokens } from "./tokens.js";

const KEY = "candor.key";

export const accessKey = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** A refusal, in words that say what to do next. */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(describe(status, problem, retryAfter));
    this.status = status;
    this.code = problem.code ?? "";
    this.fields = (problem.errors ?? []).map(fieldMessage).filter(Boolean);
    this.requestId = problem.request_id ?? "";
  }
}

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

const NEXT_STEP_OF = {
  report_readable_by_candidate_only: "This report opens only in the browser that the answer was handed in with.",
};

function describe(status, problem, retryAfter) {
  if (NEXT_STEP_OF[problem.code]) return NEXT_STEP_OF[problem.code];
  const known = NEXT_STEP[status];
  const wait = retryAfter && /^\d+$/.test(retryAfter) ? ` Try again in ${retryAfter} seconds.` : "";
  if (problem.detail) return `${problem.detail}${wait}`;
  return (known ?? "Something went wrong on our side. Try again later.") + wait;
}

function fieldMessage(error) {
  const place = error.pointer ?? error.field ?? error.parameter ?? (error.loc ?? []).join(".");
  const text = error.detail ?? error.message ?? error.msg ?? "";
  return place && text ? `${String(place).replace(/^.*[./]/, "")}: ${text}` : text;
}

const headers = (more = {}, token = accessKey.get()) => ({ Authorization: `Bearer ${token ?? ""}`, ...more });

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new ApiError(response.status, body ?? {}, response.headers.get("Retry-After"));
}

async function request(path, { token, ...options } = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options, headers: headers(options.headers, token) });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new ApiError(0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

const read = async (path, options) => (await request(path, options)).json();
const assessmentPath = (id) => `/v1/assessments/${encodeURIComponent(id)}`;

/** A request about one answer: with the token that came with it, or the key where that is no good any more. */
const requestAnswer = (id, part = "", options = {}) => requestOpened(assessmentPath(id) + part, id, options);

async function requestOpened(path, id, options) {
  const token = answerTokens.of(id);
  if (token) {
    try {
      return await request(path, { token, ...options });
    } catch (fault) {
      if (!fault.code?.startsWith("candidate_token_")) throw fault;
      answerTokens.drop(id);
    }
  }
  return request(path, options);
}

const readAnswer = async (id, part, options) => (await requestAnswer(id, part, options)).json();

export const questions = () => read("/v1/questions?limit=100");
export const tenant = () => read("/v1/tenant");
export const assessment = (id, signal) => readAnswer(id, "", { signal });
export const report = (id, signal) => readAnswer(id, "/report", { signal });

export async function remove(id) {
  await requestAnswer(id, "", { method: "DELETE" });
  answerTokens.drop(id);
}

export function assessments({ after } = {}) {
  const query = new URLSearchParams({ limit: "10" });
  if (after) query.set("starting_after", after);
  return read(`/v1/assessments?${query}`);
}

const interviewPath = (id) => `/v1/interviews/${encodeURIComponent(id)}`;

export const interview = (id, signal) => read(interviewPath(id), { signal });
const answersOf = ({ questions: asked }) => asked.flatMap(({ assessment: id, earlier }) => (id ? [id, ...earlier] : []));

/** Opened by the token of the first answer, which opens all that came after it. */
export async function interviewReport(found, signal) {
  const [first] = answersOf(found).sort();
  return (await requestOpened(`${interviewPath(found.id)}/report`, first, { signal })).json();
}

export async function removeInterview(found) {
  await request(interviewPath(found.id), { method: "DELETE" });
  answersOf(found).forEach(answerTokens.drop);
}

export const interviews = () => read("/v1/interviews?limit=5");

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
 * @param {{onProgress: (share: number) => void, signal: AbortSignal}} options
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

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Wait, or less if `signal` says that nobody waits any more. */
export const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });

/**
 * Follow an assessment until it is final: by its events, and by asking where they cannot be had.
 * @param {{signal: AbortSignal, onEvent: (name: string, data: object) => void}} options
 */
export async function follow(id, { signal, onEvent }) {
  let lastId = "";
  let failures = 0;
  while (!signal.aborted) {
    try {
      const more = { Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) };
      const response = await requestAnswer(id, "/events", { headers: more, signal });
      for await (const event of readEvents(response.body)) {
        failures = 0;
        lastId = event.id || lastId;
        const data = parse(event.data) ?? {};
        onEvent(event.event, data);
        if (event.event === "report" || FINAL.has(event.event === "status" ? data.status : "")) return;
      }
    } catch (fault) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(fault.status)) throw fault;
    }
    failures += 1;
    const current = await assessment(id, signal).catch((fault) => {
      if (signal.aborted || ![401, 403, 404].includes(fault.status)) return null;
      throw fault;
    });
    if (current) {
      onEvent("snapshot", current);
      if (FINAL.has(current.status)) return;
    }
    await pause(Math.min(5000, 400 * 2 ** Math.min(failures, 4)), signal);
  }
}
