// Against a real server: SLUICE_URL says where, SLUICE_PICTURE is a file with one face. tests/e2e runs it so.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WebSocket as NodeWebSocket } from "ws";
import { Client, SluiceError } from "../src/index.js";

const url = process.env["SLUICE_URL"];
const skip = url === undefined ? "skipped: no SLUICE_URL" : false;
// Node 20 has no WebSocket of its own.
const client = new Client(url, { WebSocket: NodeWebSocket as unknown as typeof WebSocket });
const picture = skip ? new Uint8Array() : new Uint8Array(readFileSync(process.env["SLUICE_PICTURE"] ?? ""));
const bad = new TextEncoder().encode("no picture");

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const one of iterable) out.push(one);
  return out;
}

test("one function per rpc", { skip }, async () => {
  assert.equal((await client.recognize(picture)).faces.length, 1);
  assert.equal((await client.recognize({ image: picture, min_confidence: 1 })).faces.length, 0);
  assert.equal((await client.classify(["中国女排获得世界杯冠军"]))[0]?.label, "体育");
  assert.deepEqual((await client.classify([{ text: "a", id: "1" }, "b"])).map((one) => one.id), ["1", undefined]);
  const collected = await client.collectRecognize([{ image: picture }, { image: bad }]);
  assert.deepEqual([collected.frames, collected.failed_frames, collected.faces], [2, 1, 1]);
  const watched = await all(client.watchRecognize([{ image: picture, id: "one" }]));
  assert.deepEqual(watched.map((one) => [one.id, one.faces.length]), [["one", 1]]);
  assert.equal((await all(client.watchMjpeg(picture))).length, 1);
  const analysis = await client.analyze({ text: "中国女排获得世界杯冠军", image: bad });
  assert.equal(analysis.text?.result?.label, "体育");
  assert.equal(analysis.image?.error?.code, 3);
});

test("errors are those of the server", { skip }, async () => {
  await assert.rejects(
    client.recognize(bad),
    (error: SluiceError) => error.reason === "INVALID_IMAGE" && error.requestId !== "",
  );
  await assert.rejects(client.classify(Array<string>(101).fill("x")), /最多支持100条文本批量处理/);
  await assert.rejects(client.recognize(picture, { timeoutMs: 1 }), SluiceError);
});

test("live frames", { skip }, async () => {
  const stream = client.streamRecognize();
  const answers: number[] = [];
  for (const image of [picture, bad, picture]) await stream.send({ image });
  for await (const answer of stream) {
    answers.push(answer.faces.length);
    if (answers.length === 3) break;
  }
  stream.close();
  assert.deepEqual(answers, [1, 0, 1]);

  const moments = client.streamAnalyze();
  await moments.send({ text: "中国女排获得世界杯冠军" });
  for await (const answer of moments) {
    assert.equal(answer.text?.result?.label, "体育");
    break;
  }
  moments.close();
});
