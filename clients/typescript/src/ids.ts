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
 * As it is; empty if it is none, or more than the 32 members and 512 bytes that everyone passes on: half of one would
 * tell something else.
 */
function knownTracestate(text: string): string {
  const members = text.split(",").filter((member) => member.trim() !== "");
  const good = /^[ -~]{1,512}$/.test(text) && members.length > 0 && members.length <= 32;
  return good && members.every((member) => member.includes("=")) ? text : "";
}

// W3C: version 00 ends with the flags, later ones may go on; no version is ff.
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;

/**
 * `traceparent` continues the caller's trace (W3C), or begins one; `tracestate` goes along unchanged with the trace that
 * it came with. Every attempt is a span of its own. Nobody records those of a trace begun here, so its flag says not
 * sampled: the server keeps what is worth it.
 */
export class CallNames {
  readonly requestId: string;
  readonly #traceId: string;
  readonly #flags: string;
  readonly #tracestate: string;

  constructor(requestId?: string, traceparent?: string, tracestate?: string) {
    this.requestId = requestId ?? newRequestId();
    const given = TRACEPARENT.exec(traceparent ?? "");
    this.#traceId = given?.[1] ?? hex(16);
    this.#flags = given?.[2] ?? "00";
    this.#tracestate = given ? knownTracestate(tracestate ?? "") : "";
  }

  /** Of one attempt. */
  headers(): Record<string, string> {
    return {
      "x-request-id": this.requestId,
      traceparent: `00-${this.#traceId}-${hex(8)}-${this.#flags}`,
      ...(this.#tracestate ? { tracestate: this.#tracestate } : {}),
    };
  }
}
