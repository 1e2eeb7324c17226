// When not to send, and when not to send again. Pure: time and chance come in from outside.
//
// A server that refuses most of what it gets is only slowed down by more of it. So a client counts, for each path, the
// attempts of the last two minutes and how many of them the server accepted; while it had to refuse more than half,
// calls are refused here, with a probability of (attempts - 2 * accepted) / (attempts + 1). Five seconds without a
// refusal end that at once.

import type { SluiceError } from "./errors.js";

export interface ThrottlePolicy {
  /** Forgotten in twelfths. */
  windowMs: number;
  /** 2: begin when more than half is refused. */
  acceptsFactor: number;
  /** With fewer in the window nothing is refused here. */
  attemptsMin: number;
  /** One attempt goes out at least so often, so that a recovery is seen. */
  probeEveryMs: number;
  /** So long no refusal by the server: it has room again, and what was is forgotten. */
  calmMs: number;
  /** Retries, as a share of what was accepted: a server that refuses nearly all gets nearly none. */
  retriesShare: number;
  /** In a window, on top: for clients that call seldom. */
  retriesFree: number;
}

export const DEFAULT_THROTTLE: ThrottlePolicy = {
  windowMs: 120_000,
  acceptsFactor: 2,
  attemptsMin: 10,
  probeEveryMs: 1000,
  calmMs: 5000,
  retriesShare: 0.1,
  retriesFree: 10,
};

/** What says that the server has no room; other errors are answers. CIRCUIT_OPEN is one model's, with its own time. */
const REFUSALS: ReadonlySet<string> = new Set(["OVERLOADED", "RATE_LIMITED", "SHUTTING_DOWN"]);

/** The server, or what stands before it, had no room for the call. */
export function isRefusal(error: SluiceError): boolean {
  if (error.reason !== "") return REFUSALS.has(error.reason);
  return error.status === 0 || error.status === 502 || error.status === 503;
}

interface Bucket {
  began: number;
  /** Ended, or refused here; those under way say nothing yet. */
  attempts: number;
  accepted: number;
  retries: number;
}

/** Of one path of one client. */
export class Throttle {
  readonly #policy: ThrottlePolicy;
  readonly #around: { now(): number; chance(): number };
  readonly #buckets: Bucket[] = [];
  #lastSent: number;
  #calmSince: number;

  constructor(policy: ThrottlePolicy, around: { now(): number; chance(): number }) {
    this.#policy = policy;
    this.#around = around;
    this.#lastSent = this.#calmSince = around.now();
  }

  /** False: the call is to be refused here. */
  letThrough(): boolean {
    const now = this.#around.now();
    const bucket = this.#bucket(now);
    if (now - this.#lastSent < this.#policy.probeEveryMs && this.#around.chance() < this.#refuseShare()) {
      bucket.attempts += 1;
      return false;
    }
    this.#lastSent = now;
    return true;
  }

  /** An attempt that was let through; `refused` by the server. */
  ended(refused: boolean): void {
    const now = this.#around.now();
    const bucket = this.#bucket(now);
    if (refused) {
      this.#calmSince = now;
    } else if (now - this.#calmSince >= this.#policy.calmMs) {
      for (const one of this.#buckets) one.attempts = one.accepted;
    }
    bucket.attempts += 1;
    bucket.accepted += refused ? 0 : 1;
  }

  /** True: one more attempt of a call fits into the budget, and is counted. */
  takeRetry(): boolean {
    const bucket = this.#bucket(this.#around.now());
    const retries = this.#sum("retries");
    const allowed = this.#policy.retriesFree + this.#policy.retriesShare * this.#sum("accepted");
    if (retries + 1 > allowed) return false;
    bucket.retries += 1;
    return true;
  }

  /** The probability with which a call is refused here now. */
  get refuseShare(): number {
    this.#bucket(this.#around.now());
    return this.#refuseShare();
  }

  #refuseShare(): number {
    const attempts = this.#sum("attempts");
    if (attempts < this.#policy.attemptsMin) return 0;
    return Math.max(0, (attempts - this.#policy.acceptsFactor * this.#sum("accepted")) / (attempts + 1));
  }

  #sum(what: "attempts" | "accepted" | "retries"): number {
    return this.#buckets.reduce((sum, one) => sum + one[what], 0);
  }

  /** The present one, with those gone that are older than the window. */
  #bucket(now: number): Bucket {
    const { windowMs } = this.#policy;
    while (this.#buckets[0] !== undefined && this.#buckets[0].began <= now - windowMs) this.#buckets.shift();
    const last = this.#buckets.at(-1);
    if (last !== undefined && last.began > now - windowMs / 12) return last;
    const added = { began: now, attempts: 0, accepted: 0, retries: 0 };
    this.#buckets.push(added);
    return added;
  }
}
