// When a client holds back, in simulated time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../src/errors.js";
import { hedged } from "../src/hedge.js";
import { Attempts, DEFAULT_RETRY } from "../src/retry.js";
import { DEFAULT_THROTTLE, isRefusal, Throttle } from "../src/throttle.js";

/** A server with so much room for each second, and a client that calls at a rate. */
class World {
  now = 0;
  #seed = 1;
  readonly throttle = new Throttle(DEFAULT_THROTTLE, { now: () => this.now, chance: () => this.#chance() });

  #chance(): number {
    this.#seed = (this.#seed * 16807) % 2147483647;
    return this.#seed / 2147483647;
  }

  run(seconds: number, rate: number, capacity: number): { sent: number; accepted: number; kept: number } {
    const out = { sent: 0, accepted: 0, kept: 0 };
    for (let second = 0; second < seconds; ++second) {
      for (let room = capacity, i = 0; i < rate; ++i) {
        this.now += 1000 / rate;
        if (!this.throttle.letThrough()) {
          out.kept += 1;
          continue;
        }
        out.sent += 1;
        out.accepted += room > 0 ? 1 : 0;
        this.throttle.ended(room-- <= 0);
      }
    }
    return out;
  }
}

test("nothing is held back while half is accepted", () => {
  assert.deepEqual(new World().run(300, 20, 11), { sent: 6000, accepted: 3300, kept: 0 });
});

test("an overloaded server gets about twice what it accepts", () => {
  const world = new World();
  world.run(240, 100, 10);
  const { sent, accepted } = world.run(60, 100, 10);
  assert.equal(accepted, 600);
  assert.ok(sent > 1100 && sent < 1500, String(sent));
});

test("one call a second finds out that a dead server is back", () => {
  const world = new World();
  world.run(200, 50, 0);
  const { sent } = world.run(60, 50, 0);
  assert.ok(sent >= 55 && sent <= 120, String(sent));
  world.run(12, 50, 50);
  assert.deepEqual(world.run(60, 50, 50), { sent: 3000, accepted: 3000, kept: 0 });
});

test("the probability is that of the formula, and the window passes", () => {
  const world = new World();
  for (let i = 0; i < 40; ++i) world.throttle.ended(i >= 10);
  assert.ok(Math.abs(world.throttle.refuseShare - (40 - 2 * 10) / 41) < 1e-9);
  world.now += 121_000;
  assert.equal(world.throttle.refuseShare, 0);
});

test("retries are a tenth of what was accepted and ten", () => {
  const world = new World();
  for (let i = 0; i < 1000; ++i) world.throttle.ended(i % 5 !== 0);
  let retries = 0;
  while (world.throttle.takeRetry()) retries += 1;
  assert.equal(retries, 30);
});

test("what counts as a refusal", () => {
  const of = (status: number, reason = "") => isRefusal(new SluiceError({ status, message: "no", reason }));
  assert.ok(of(503, "OVERLOADED") && of(429, "RATE_LIMITED") && of(503) && of(0));
  assert.ok(!of(503, "CIRCUIT_OPEN") && !of(413, "BODY_TOO_LARGE") && !of(400, "INVALID_IMAGE") && !of(500));
});

test("a call is refused here without being sent, and is not retried", () => {
  const around = { now: () => 0, chance: () => 0, sleep: async () => undefined };
  const throttle = new Throttle(DEFAULT_THROTTLE, around);
  for (let i = 0; i < 30; ++i) throttle.ended(true);
  assert.throws(
    () => new Attempts(DEFAULT_RETRY, 1000, around, throttle).begin(),
    (error: SluiceError) => error.throttled && !error.retryable,
  );
});

test("a negative time to retry means never", () => {
  assert.ok(!new SluiceError({ status: 503, message: "no", reason: "OVERLOADED", retryAfterMs: -1 }).retryable);
});

/** An attempt that the test ends. */
function attempts() {
  const made: { signal: AbortSignal; resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const once = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => made.push({ signal, resolve, reject }));
  return { made, once };
}

test("a hedge goes out when the time is up, and the loser is aborted", async () => {
  const { made, once } = attempts();
  const answer = hedged(once, 50, async () => undefined, () => true);
  await new Promise((done) => setImmediate(done));
  assert.equal(made.length, 2);
  made[1]?.resolve("second");
  assert.equal(await answer, "second");
  assert.ok(made[0]?.signal.aborted);
});

test("no hedge for a quick answer, or without a budget", async () => {
  const quick = attempts();
  const answer = hedged(quick.once, 50, () => new Promise(() => undefined), () => true);
  quick.made[0]?.resolve("first");
  assert.equal(await answer, "first");
  assert.equal(quick.made.length, 1);
  const poor = attempts();
  const late = hedged(poor.once, 50, async () => undefined, () => false);
  await new Promise((done) => setImmediate(done));
  poor.made[0]?.resolve("first");
  assert.equal(await late, "first");
  assert.equal(poor.made.length, 1);
});

test("one that fails leaves it to the other; both failing is the first one's error", async () => {
  const one = attempts();
  const answer = hedged(one.once, 50, async () => undefined, () => true);
  await new Promise((done) => setImmediate(done));
  one.made[0]?.reject(new Error("first"));
  one.made[1]?.resolve("second");
  assert.equal(await answer, "second");
  const both = attempts();
  const failed = hedged(both.once, 50, async () => undefined, () => true);
  await new Promise((done) => setImmediate(done));
  both.made[1]?.reject(new Error("second"));
  both.made[0]?.reject(new Error("first"));
  await assert.rejects(failed, /first/);
});
