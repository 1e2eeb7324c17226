// How a call fails: one class, with what the server's error table says.

/** Reasons of ai/inference/errors.proto with `retryable: true`. */
export const RETRYABLE_REASONS: ReadonlySet<string> = new Set([
  "RATE_LIMITED",
  "OVERLOADED",
  "CIRCUIT_OPEN",
  "DEADLINE_EXCEEDED",
  "REQUEST_TIMEOUT",
  "MODEL_UNAVAILABLE",
  "SHUTTING_DOWN",
]);

/** Of an answer without a reason, which is not Sluice's: a proxy's. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503]);

export interface ErrorFacts {
  /** HTTP status; 0 when there was no answer. */
  status: number;
  message: string;
  reason?: string;
  field?: string;
  requestId?: string;
  retryAfterMs?: number;
  /** The call's own time was up, or the caller aborted it. */
  final?: boolean;
  /** Refused by this client, which has not sent the call. */
  throttled?: boolean;
  lastSequence?: number;
}

export class SluiceError extends Error {
  readonly status: number;
  /** Of Sluice's error table, e.g. "INVALID_IMAGE"; "" when the error is not the server's. */
  readonly reason: string;
  readonly field: string;
  readonly requestId: string;
  /** Refused by this client, which has not sent the call. */
  readonly throttled: boolean;
  /** The call's own time was up, the caller aborted it, or it was not sent. */
  readonly final: boolean;
  /** Of a live stream that the server ended: of the last answer; what came after it is to be sent again. */
  readonly lastSequence: number | undefined;
  /** When the server says that a retry makes sense; negative when it says that none does. */
  readonly retryAfterMs: number | undefined;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;

  constructor(facts: ErrorFacts) {
    super(facts.message);
    this.name = "SluiceError";
    this.status = facts.status;
    this.reason = facts.reason ?? "";
    this.field = facts.field ?? "";
    this.requestId = facts.requestId ?? "";
    this.retryAfterMs = facts.retryAfterMs;
    this.throttled = facts.throttled ?? false;
    this.lastSequence = facts.lastSequence;
    this.final = facts.final ?? false;
    if (this.final || (facts.retryAfterMs ?? 0) < 0) this.retryable = false;
    else if (this.reason) this.retryable = RETRYABLE_REASONS.has(this.reason);
    else this.retryable = facts.status === 0 || RETRYABLE_STATUSES.has(facts.status);
  }
}

/** Retry-After: seconds, or an HTTP date. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** application/problem+json. */
export interface Problem {
  status?: number;
  detail?: string;
  reason?: string;
  request_id?: string;
  retry_after_ms?: number;
  field_violations?: { field: string }[];
}

/** Of an answer that is not 200. */
export async function errorOf(response: Response, requestId: string): Promise<SluiceError> {
  const text = await response.text();
  let problem: Problem = {};
  try {
    if (response.headers.get("content-type")?.includes("json")) problem = JSON.parse(text) as Problem;
  } catch {
    // A body that breaks off says no more than the status does.
  }
  const after = problem.retry_after_ms ?? parseRetryAfter(response.headers.get("retry-after"), Date.now());
  return problemError(response.status, problem, requestId, text.slice(0, 200), after);
}

export function problemError(
  status: number,
  problem: Problem,
  requestId: string,
  text = "",
  after?: number,
): SluiceError {
  return new SluiceError({
    status,
    message: problem.detail ?? text,
    reason: problem.reason ?? "",
    field: problem.field_violations?.[0]?.field ?? "",
    requestId: problem.request_id ?? requestId,
    ...(after === undefined ? {} : { retryAfterMs: after }),
  });
}
