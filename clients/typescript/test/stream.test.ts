// A live stream whose server goes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveStream, SluiceError } from "../src/index.js";

/** How a stream ends whose socket is closed so. */
async function endOf(code: number, reason: string): Promise<SluiceError | undefined> {
  const socket = new EventTarget();
  const stream = new LiveStream(socket as WebSocket, (message: object) => message);
  socket.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  try {
    for await (const _ of stream) assert.fail("no answer came");
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    return error;
  }
  return undefined;
}

test("the close reason says from where to go on", async () => {
  const reason = "SHUTTING_DOWN: the server is shutting down; open the stream again; last_sequence=17";
  const error = await endOf(1001, reason);
  assert.equal(error?.lastSequence, 17);
  assert.ok(!error?.retryable);
  assert.equal((await endOf(1001, "SHUTTING_DOWN: open the stream again"))?.lastSequence, undefined);
  assert.equal(await endOf(1000, ""), undefined);
});
