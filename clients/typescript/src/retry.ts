// When to try again. Pure: time and chance come in from outside, nobody waits here.

import type { SluiceError } from "./errors.js";

/** Waits of firstMs, then `factor` times more each, up to longestMs; each is off by at most the share `jitter`. */
export interface RetryPolicy {
  attempts: number;
  firstMs: number;
  factor: number;
  longestMs: number;
  jitter: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, firstMs: 1000, factor: 2, longestMs: 8000, jitter: 0.2 };

/** Where time and chance come from; tests bring their own. */
export interface Surroundings {
  now(): number;
  sleep(ms: number): Promise<void>;
  chance(): number;
}

export const REAL: Surroundings = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  chance: Math.random,
};

/** The attempts of one call, which all of them together must end `timeoutMs` from now. */
export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #around: Surroundings;
  readonly #end: number;
  #made = 0;

  constructor(policy: RetryPolicy, timeoutMs: number, around: Surroundings) {
    this.#policy = policy;
    this.#around = around;
    this.#end = around.now() + timeoutMs;
  }

  /** For the attempt that begins now. */
  get remainingMs(): number {
    return Math.max(0, this.#end - this.#around.now());
  }

  /** Milliseconds to wait before the next attempt; throws the error when there is none. */
  waitAfter(error: SluiceError): number {
    this.#made += 1;
    if (!error.retryable || this.#made >= this.#policy.attempts) throw error;
    const wait = this.#wait(error);
    if (wait >= this.remainingMs) throw error;
    return wait;
  }

  #wait(error: SluiceError): number {
    const { firstMs, factor, longestMs, jitter } = this.#policy;
    // Never earlier than the server says; a little later, so that not everybody comes back at once.
    if (error.retryAfterMs !== undefined) return error.retryAfterMs * (1 + jitter * this.#around.chance());
    const wait = Math.min(longestMs, firstMs * factor ** (this.#made - 1));
    return wait * (1 + jitter * (2 * this.#around.chance() - 1));
  }
}
