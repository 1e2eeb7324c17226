// The client: one function per rpc, over fetch; live frames over WebSocket.

import { base64 } from "./base64.js";
import { errorOf, type Problem, problemError, SluiceError } from "./errors.js";
import { CallNames } from "./ids.js";
import { hedged } from "./hedge.js";
import { linesOf } from "./lines.js";
import { Attempts, DEFAULT_RETRY, REAL, type RetryPolicy, type Surroundings } from "./retry.js";
import { LiveStream } from "./stream.js";
import { DEFAULT_THROTTLE, Throttle, type ThrottlePolicy } from "./throttle.js";
import type { Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem } from "./types.js";

export interface ClientOptions {
  /** For a call with all its attempts; 30 s by default. */
  timeoutMs?: number;
  retry?: Partial<RetryPolicy>;
  /** When calls are refused without being sent; false: never, and retries have no budget. */
  throttle?: Partial<ThrottlePolicy> | false;
  fetch?: typeof fetch;
  WebSocket?: typeof WebSocket;
  /** Time and chance, for tests. */
  around?: Surroundings;
}

export interface CallOptions {
  timeoutMs?: number;
  requestId?: string;
  traceparent?: string;
  tracestate?: string;
  signal?: AbortSignal;
}

interface Request {
  path: string;
  body: BodyInit;
  contentType: string;
  accept?: string;
}

/** The server computes all requests of one X-Request-ID once. */
const IDEMPOTENT = /^\/api\/v1\/(recognize|classify|analyze)(\?|$)/;

const NDJSON = "application/x-ndjson";

function json(path: string, value: unknown, accept?: string): Request {
  return { path, body: JSON.stringify(value), contentType: "application/json", ...(accept ? { accept } : {}) };
}

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

function mediaType(image: Uint8Array): string {
  if (image[0] === 0x89) return "image/png";
  return image[0] === 0x52 ? "image/webp" : "image/jpeg";
}

function frameJson(frame: Frame): object {
  return { ...frame, image: base64(frame.image) };
}

function momentJson({ text, image, audio }: Moment): object {
  const sound = audio && { ...audio, pcm16: audio.pcm16 && base64(audio.pcm16) };
  return { text, image: image && base64(image), audio: sound };
}

export class Client {
  readonly #url: string;
  readonly #options: ClientOptions;
  readonly #retry: RetryPolicy;
  readonly #around: Surroundings;
  readonly #throttles = new Map<string, Throttle>();

  /** `url` such as "http://127.0.0.1:8000"; in a page of the server itself "". */
  constructor(url = "http://127.0.0.1:8000", options: ClientOptions = {}) {
    this.#url = url.replace(/\/$/, "");
    this.#options = options;
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#around = options.around ?? REAL;
  }

  /** Faces or labels of one JPEG, PNG or WebP file. */
  async recognize(frame: Frame | Uint8Array, options: CallOptions = {}): Promise<Recognition> {
    const { image, model_id, min_confidence }: Frame = frame instanceof Uint8Array ? { image: frame } : frame;
    const path = `/api/v1/recognize${query({ model_id, min_confidence })}`;
    return this.#unary<Recognition>({ path, body: image as BodyInit, contentType: mediaType(image) }, options);
  }

  /** A label for each of up to 100 texts, in order. */
  async classify(
    texts: (string | TextItem)[],
    options: CallOptions & { model_id?: string } = {},
  ): Promise<Classification[]> {
    const plain = texts.every((text) => typeof text === "string");
    const items = texts.map((text) => (typeof text === "string" ? { text } : text));
    const model = options.model_id === undefined ? {} : { model_id: options.model_id };
    const body = plain ? { texts, ...model } : { items, ...model };
    return (await this.#unary<{ results: Classification[] }>(json("/api/v1/classify", body), options)).results;
  }

  /** Text, image and audio in one call, each answered by its own model. Throws only when every part failed. */
  async analyze(moment: Moment, options: CallOptions = {}): Promise<Analysis> {
    return this.#unary<Analysis>(json("/api/v1/analyze", momentJson(moment)), options);
  }

  /** A clip's frames in, one summary out. */
  async collectRecognize(frames: Frame[], options: CallOptions = {}): Promise<Collection> {
    const body = frames.map((frame) => `${JSON.stringify(frameJson(frame))}\n`).join("");
    return this.#unary<Collection>({ path: "/api/v1/recognize:collect", body, contentType: NDJSON }, options);
  }

  /** Results of a batch as they finish. Retried only while no result has come. */
  async *watchRecognize(
    pictures: Picture[],
    options: CallOptions & { model_id?: string; min_confidence?: number } = {},
  ): AsyncGenerator<Recognition> {
    const { model_id, min_confidence } = options;
    const images = pictures.map((picture) => ({ ...picture, image: base64(picture.image) }));
    yield* this.#stream(json("/api/v1/recognize:watch", { images, model_id, min_confidence }, NDJSON), options);
  }

  /** The same for a clip of JPEG files one after another. */
  async *watchMjpeg(
    mjpeg: Uint8Array,
    options: CallOptions & { model_id?: string; min_confidence?: number } = {},
  ): AsyncGenerator<Recognition> {
    const { model_id, min_confidence } = options;
    const path = `/api/v1/recognize:watch${query({ model_id, min_confidence })}`;
    yield* this.#stream({ path, body: mjpeg as BodyInit, contentType: "video/x-motion-jpeg", accept: NDJSON }, options);
  }

  /** Live frames over WebSocket: one answer per frame, in order. Never retried: live frames are gone. */
  streamRecognize(): LiveStream<Frame, Recognition> {
    return new LiveStream<Frame, Recognition>(this.#open("/api/v1/recognize/stream"), frameJson);
  }

  /** The same of moments. */
  streamAnalyze(): LiveStream<Moment, Analysis> {
    return new LiveStream<Moment, Analysis>(this.#open("/api/v1/analyze/stream"), momentJson);
  }

  #open(path: string): WebSocket {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (Socket === undefined) throw new Error("no WebSocket here: give one in the client's options");
    const base = this.#url === "" ? location.origin : this.#url;
    return new Socket(base.replace(/^http/, "ws") + path);
  }

  async #unary<T>(request: Request, options: CallOptions): Promise<T> {
    const hedgeAfterMs = IDEMPOTENT.test(request.path) ? this.#retry.hedgeAfterMs : undefined;
    return this.#attempt(request, options, async (response) => (await response.json()) as T, hedgeAfterMs);
  }

  async *#stream(request: Request, options: CallOptions): AsyncGenerator<Recognition> {
    const lines = await this.#attempt(request, options, async (response) => {
      const iterator = linesOf(response.body as ReadableStream<Uint8Array>);
      return { iterator, first: await iterator.next() };
    });
    for (let next = lines.first; !next.done; next = await lines.iterator.next()) {
      const value = JSON.parse(next.value) as Recognition | Problem;
      // The last line of a stream that failed is its problem.
      if (!("faces" in value)) throw problemError(value.status ?? 0, value, options.requestId ?? "");
      yield value;
    }
  }

  /** One for each path, so that an overloaded method does not stop the others. */
  #throttleOf(path: string): Throttle | undefined {
    if (this.#options.throttle === false) return undefined;
    const method = path.replace(/\?.*/, "");
    let throttle = this.#throttles.get(method);
    if (throttle === undefined) {
      throttle = new Throttle({ ...DEFAULT_THROTTLE, ...this.#options.throttle }, this.#around);
      this.#throttles.set(method, throttle);
    }
    return throttle;
  }

  /** `read` belongs to the attempt: what it throws is a lost connection. */
  async #attempt<T>(
    request: Request,
    options: CallOptions,
    read: (response: Response) => Promise<T>,
    hedgeAfterMs?: number,
  ): Promise<T> {
    const names = new CallNames(options.requestId, options.traceparent, options.tracestate);
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
    const attempts = new Attempts(this.#retry, timeoutMs, this.#around, this.#throttleOf(request.path));
    const once = (won?: AbortSignal) => this.#once(request, names, attempts.remainingMs, read, options.signal, won);
    for (;;) {
      attempts.begin();
      try {
        const answer = await (hedgeAfterMs === undefined
          ? once()
          : hedged(once, hedgeAfterMs, this.#around.sleep, () => attempts.hedge()));
        attempts.succeeded();
        return answer;
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        await this.#around.sleep(attempts.waitAfter(error));
      }
    }
  }

  /** One attempt; throws SluiceError. `won` ends one that is not needed any more. */
  async #once<T>(
    request: Request,
    names: CallNames,
    remainingMs: number,
    read: (response: Response) => Promise<T>,
    aborted?: AbortSignal,
    won?: AbortSignal,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(remainingMs)));
    const signals = [timeout, aborted, won].filter((one) => one !== undefined);
    const signal = AbortSignal.any(signals);
    let failure: SluiceError;
    try {
      const response = await this.#send(request, names, remainingMs, signal);
      if (response.ok) return await read(response);
      failure = await errorOf(response, names.requestId);
    } catch (error) {
      const what = timeout.aborted ? "no answer in time" : String(error);
      throw new SluiceError({ status: 0, message: what, requestId: names.requestId, final: signal.aborted });
    }
    throw failure;
  }

  async #send(request: Request, names: CallNames, remainingMs: number, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {
      ...names.headers(),
      "content-type": request.contentType,
      accept: request.accept ?? "application/json",
      "x-request-timeout": (remainingMs / 1000).toFixed(3),
    };
    const send = this.#options.fetch ?? globalThis.fetch.bind(globalThis);
    return send(this.#url + request.path, { method: "POST", body: request.body, headers, signal });
  }
}
