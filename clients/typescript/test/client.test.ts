// The client against a server that fails as told: what goes over the wire, and when. Sleeping is simulated.

import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Client, SluiceError } from "../src/index.js";

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const FINE: Answer = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: '{"faces":[],"latency":1.5}',
};

/** Gives the answers in order, then FINE; runs `use` and says what was asked for and how long was slept. */
async function withServer(answers: Answer[], use: (client: Client) => Promise<void>) {
  const headers: IncomingHttpHeaders[] = [];
  const slept: number[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    request.resume().on("end", () => {
      const answer = answers.shift() ?? FINE;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const around = {
    now: () => slept.reduce((a, b) => a + b, 0),
    sleep: async (ms: number) => void slept.push(ms),
    chance: () => 0.5,
  };
  try {
    await use(new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { around }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return { headers, slept };
}

test("waits as the server says, and repeats itself under one name", async () => {
  const problem = { "content-type": "application/problem+json" };
  const { headers, slept } = await withServer(
    [
      { status: 503, headers: { ...problem, "retry-after": "2" }, body: '{"reason":"OVERLOADED","detail":"busy"}' },
      { status: 429, headers: problem, body: '{"reason":"RATE_LIMITED","retry_after_ms":250}' },
      { status: 502, body: "a proxy" },
    ],
    async (client) => assert.equal((await client.recognize(new Uint8Array([1]))).latency, 1.5),
  );
  assert.deepEqual(slept, [2200, 275, 4000]);
  assert.equal(headers.length, 4);
  assert.equal(new Set(headers.map((h) => h["x-request-id"])).size, 1);
  assert.equal(new Set(headers.map((h) => String(h["traceparent"]).split("-")[1])).size, 1);
  assert.equal(new Set(headers.map((h) => h["traceparent"])).size, 4);
  assert.equal(headers[0]?.["x-request-timeout"], "30.000");
  assert.equal(headers[1]?.["x-request-timeout"], "27.800", "what is left");
});

test("time that is up while an error's body comes is an error of the client's own kind", async () => {
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const body = new ReadableStream({
      start: (stream) => init?.signal?.addEventListener("abort", () => stream.error(init.signal?.reason)),
    });
    return new Response(body, { status: 504, headers: { "content-type": "application/problem+json" } });
  };
  const client = new Client("http://127.0.0.1:1", { fetch, retry: { attempts: 1 } });
  const alive = setTimeout(() => {}, 60_000); // an AbortSignal's own timer does not keep Node running
  await assert.rejects(client.recognize(new Uint8Array([1]), { timeoutMs: 20 }), (error: unknown) => {
    assert.ok(error instanceof SluiceError);
    assert.equal(error.message, "no answer in time");
    return true;
  });
  clearTimeout(alive);
});

test("does not repeat what is wrong", async () => {
  const problem = { "content-type": "application/problem+json" };
  const answer = { status: 400, headers: problem, body: '{"reason":"INVALID_IMAGE","detail":"no"}' };
  const { headers } = await withServer([answer], async (client) => {
    await assert.rejects(client.recognize(new Uint8Array([1]), { requestId: "r-1" }), (error: SluiceError) => {
      const told = [error.status, error.reason, error.message, error.requestId];
      assert.deepEqual(told, [400, "INVALID_IMAGE", "no", "r-1"]);
      return true;
    });
  });
  assert.equal(headers.length, 1);
});

test("a stream is repeated while nothing of it has come, and not later", async () => {
  const lines = '{"faces":[],"latency":1,"sequence":0}\n{"reason":"SHUTTING_DOWN","status":503,"detail":"bye"}\n';
  const { headers, slept } = await withServer([{ status: 503 }, { ...FINE, body: lines }], async (client) => {
    const seen: unknown[] = [];
    await assert.rejects(
      async () => {
        for await (const answer of client.watchRecognize([])) seen.push(answer.sequence);
      },
      (error: SluiceError) => error.reason === "SHUTTING_DOWN",
    );
    assert.deepEqual(seen, [0]);
  });
  assert.deepEqual(slept, [1000]);
  assert.equal(headers.length, 2);
});

test("a lost connection is tried again; the caller's abort is not", async () => {
  const slept: number[] = [];
  const around = { now: () => 0, sleep: async (ms: number) => void slept.push(ms), chance: () => 0.5 };
  const lost = new Client("http://127.0.0.1:1", { around });
  await assert.rejects(lost.classify(["x"]), SluiceError);
  assert.deepEqual(slept, [1000, 2000, 4000, 8000]);
  await assert.rejects(lost.classify(["x"], { signal: AbortSignal.abort() }), SluiceError);
  assert.equal(slept.length, 4);
});
