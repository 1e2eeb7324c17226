// When to try again. Pure: time and chance come in from outside, nobody waits here.

import { SluiceError } from "./errors.js";
import { isRefusal, type Throttle } from "./throttle.js";

/** Waits of firstMs, then `factor` times more each, up to longestMs; each is off by at most the share `jitter`. */
export interface RetryPolicy {
  attempts: number;
  firstMs: number;
  factor: number;
  longestMs: number;
  jitter: number;
  /**
   * An attempt that has no answer by then gets a second one beside it, under the same request id, which the server
   * computes once. Not set: never. Only for calls with one answer; takes from the same budget as retries.
   */
  hedgeAfterMs?: number;
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

/**
 * The attempts of one call, which all of them together must end `timeoutMs` from now. begin(), then either succeeded(),
 * or waitAfter() and begin() again.
 */
export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #around: Surroundings;
  readonly #end: number;
  readonly #throttle: Throttle | undefined;
  #made = 0;

  constructor(policy: RetryPolicy, timeoutMs: number, around: Surroundings, throttle?: Throttle) {
    this.#policy = policy;
    this.#throttle = throttle;
    this.#around = around;
    this.#end = around.now() + timeoutMs;
  }

  /** For the attempt that begins now. */
  get remainingMs(): number {
    return Math.max(0, this.#end - this.#around.now());
  }

  /** Throws when the attempt is not to be made: the server has refused most of what it got. */
  begin(): void {
    if (this.#throttle === undefined || this.#throttle.letThrough()) return;
    const message = "not sent: the server has refused most calls lately; call less often, or later";
    throw new SluiceError({ status: 0, message, final: true, throttled: true });
  }

  /** A second attempt beside the one under way is allowed, and counted. */
  hedge(): boolean {
    return this.#throttle === undefined || this.#throttle.takeRetry();
  }

  succeeded(): void {
    this.#throttle?.ended(false);
  }

  /** Milliseconds to wait before the next attempt; throws the error when there is none. */
  waitAfter(error: SluiceError): number {
    this.#made += 1;
    // The caller's own end of the call says nothing of the server.
    this.#throttle?.ended(isRefusal(error) && !error.final);
    if (!error.retryable || this.#made >= this.#policy.attempts) throw error;
    const wait = this.#wait(error);
    if (wait >= this.remainingMs) throw error;
    if (this.#throttle !== undefined && !this.#throttle.takeRetry()) throw error;
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
