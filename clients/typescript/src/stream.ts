// Live messages over WebSocket: JSON up, and one answer for each down, in order.

import { SluiceError } from "./errors.js";

/** Unsent bytes above which `send` waits, so that a slow line does not fill the memory. */
const BUFFERED_MAX = 4 << 20;

/** The reason of a stream that has to go on elsewhere (1001) says where: "…; last_sequence=17". */
function closed(code: number, reason: string): SluiceError {
  const last = /; last_sequence=(\d+)$/.exec(reason)?.[1];
  const facts = { status: 0, message: `closed with ${code}: ${reason}`, final: true };
  return new SluiceError(last === undefined ? facts : { ...facts, lastSequence: Number(last) });
}

export class LiveStream<Message, Answer> implements AsyncIterable<Answer> {
  readonly #socket: WebSocket;
  readonly #open: Promise<void>;
  readonly #encode: (message: Message) => object;
  readonly #answers: Answer[] = [];
  #wake: (() => void) | undefined;
  #end: SluiceError | "done" | undefined;

  constructor(socket: WebSocket, encode: (message: Message) => object) {
    this.#socket = socket;
    this.#encode = encode;
    this.#open = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", (event) => {
        this.#finish(event.code, event.reason);
        const over = new SluiceError({ status: 0, message: "the stream is over", final: true });
        reject(this.#end instanceof SluiceError ? this.#end : over);
      });
    });
    this.#open.catch(() => undefined);
    socket.addEventListener("message", (event: MessageEvent) => {
      this.#answers.push(JSON.parse(String(event.data)) as Answer);
      this.#wake?.();
    });
  }

  /** Waits while the connection opens, and while more than 4 MiB are unsent. */
  async send(message: Message): Promise<void> {
    await this.#open;
    while (this.#socket.bufferedAmount > BUFFERED_MAX) await new Promise((done) => setTimeout(done, 10));
    if (this.#end instanceof SluiceError) throw this.#end;
    this.#socket.send(JSON.stringify(this.#encode(message)));
  }

  /** No more answers are wanted. */
  close(): void {
    this.#socket.close(1000);
  }

  /** Answers until the stream ends; throws when it failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Answer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) {
        yield answer;
      } else if (this.#end === "done") {
        return;
      } else if (this.#end !== undefined) {
        throw this.#end;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  #finish(code: number, reason: string): void {
    this.#end = code === 1000 ? "done" : closed(code, reason);
    this.#wake?.();
  }
}
