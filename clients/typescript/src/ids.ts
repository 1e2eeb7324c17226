// Names of a call: its request id, the same for all its attempts, and its place in a trace.

function hex(bytes: number): string {
  const out = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(out, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A UUIDv7: sorts by time. */
export function newRequestId(nowMs: number = Date.now()): string {
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  const variant = (8 + (Number.parseInt(hex(1), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(2).slice(1)}-${variant}${hex(2).slice(1)}-${hex(6)}`;
}

/**
 * `traceparent` continues the caller's trace (W3C), or begins one. Every attempt is a span of its own. Nobody records
 * those of a trace begun here, so its flag says not sampled: the server keeps what is worth it.
 */
export class CallNames {
  readonly requestId: string;
  readonly #traceId: string;
  readonly #flags: string;

  constructor(requestId?: string, traceparent?: string) {
    this.requestId = requestId ?? newRequestId();
    const given = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? "");
    this.#traceId = given?.[1] ?? hex(16);
    this.#flags = given?.[2] ?? "00";
  }

  /** Of one attempt. */
  headers(): Record<string, string> {
    return { "x-request-id": this.requestId, traceparent: `00-${this.#traceId}-${hex(8)}-${this.#flags}` };
  }
}
