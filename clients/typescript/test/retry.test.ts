// The rules of retrying, in simulated time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRetryAfter, SluiceError } from "../src/errors.js";
import { CallNames, newRequestId } from "../src/ids.js";
import { Attempts, DEFAULT_RETRY, type RetryPolicy } from "../src/retry.js";

const EXACT: RetryPolicy = { ...DEFAULT_RETRY, jitter: 0 };

function unavailable(retryAfterMs?: number): SluiceError {
  return new SluiceError({ status: 503, message: "no", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** What Attempts makes of these failures, until it gives up. */
function waits(
  errors: SluiceError[],
  policy = EXACT,
  timeoutMs = 1e6,
  chance = 0.5,
): { waits: number[]; gaveUp: boolean } {
  let now = 0;
  const around = { now: () => now, sleep: async () => undefined, chance: () => chance };
  const attempts = new Attempts(policy, timeoutMs, around);
  const out: number[] = [];
  for (const error of errors) {
    try {
      out.push(attempts.waitAfter(error));
    } catch {
      return { waits: out, gaveUp: true };
    }
    now += out.at(-1) ?? 0;
  }
  return { waits: out, gaveUp: false };
}

test("waits double up to eight seconds, five attempts", () => {
  assert.deepEqual(waits(Array(5).fill(unavailable())), { waits: [1000, 2000, 4000, 8000], gaveUp: true });
});

test("jitter", () => {
  assert.deepEqual(waits([unavailable()], DEFAULT_RETRY, 1e6, 0).waits, [800]);
  assert.deepEqual(waits([unavailable()], DEFAULT_RETRY, 1e6, 1).waits, [1200]);
});

test("the server says when, and is never asked earlier", () => {
  assert.deepEqual(waits([unavailable(3000)]).waits, [3000]);
  assert.deepEqual(waits([unavailable(3000)], DEFAULT_RETRY, 1e6, 1).waits, [3600]);
});

test("no wait beyond the deadline", () => {
  assert.deepEqual(waits(Array(4).fill(unavailable()), EXACT, 6500), { waits: [1000, 2000], gaveUp: true });
});

test("only what may be retried is", () => {
  const of = (status: number, reason = "", final = false) =>
    new SluiceError({ status, message: "no", reason, final }).retryable;
  assert.ok(of(503, "OVERLOADED") && of(503, "SHUTTING_DOWN") && of(429, "RATE_LIMITED") && of(502) && of(0));
  assert.ok(!of(400, "INVALID_IMAGE") && !of(429, "QUOTA_EXCEEDED") && !of(500, "MODEL_FAILED"));
  assert.ok(!of(500) && !of(404));
  assert.ok(!of(0, "", true), "the call's own time is up");
});

test("Retry-After", () => {
  assert.equal(parseRetryAfter("7", 0), 7000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 1970 00:00:20 GMT", 5000), 15000);
  assert.equal(parseRetryAfter("soon", 0), undefined);
  assert.equal(parseRetryAfter(null, 0), undefined);
});

test("names of a call", () => {
  const names = new CallNames("mine", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
  const [first, second] = [names.headers(), names.headers()];
  assert.equal(first["x-request-id"], "mine");
  assert.equal(first["traceparent"]?.split("-")[1], "a".repeat(32));
  assert.notEqual(first["traceparent"], second["traceparent"], "each attempt is a span of its own");
  assert.match(new CallNames().headers()["traceparent"] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});

test("tracestate goes along unchanged with its traceparent, or not at all", () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const sent = (tracestate: string, parent?: string) => new CallNames("", parent, tracestate).headers()["tracestate"];
  const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");
  for (const good of ["b3@x=t61, rojo=00f067aa0ba902b7,", members(32), `a=${"v".repeat(510)}`]) {
    assert.equal(sent(good, traceparent), good);
    assert.equal(sent(good), undefined, "a trace begun here");
    assert.equal(sent(good, `ff${traceparent.slice(2)}`), undefined);
    assert.equal(sent(good, traceparent.replaceAll("a", "0")), undefined);
  }
  for (const none of ["", " , ", "a", members(33), `a=${"v".repeat(511)}`, "a=1\r\nx: y", "a=ü"]) {
    assert.equal(sent(none, traceparent), undefined, none);
  }
});

test("request ids are UUIDv7 and sort by time", () => {
  assert.match(newRequestId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(newRequestId(1000) < newRequestId(2000));
});
