export { Client } from "./client.js";
export type { CallOptions, ClientOptions } from "./client.js";
export { SluiceError } from "./errors.js";
export type { RetryPolicy } from "./retry.js";
export { LiveStream } from "./stream.js";
export type { ThrottlePolicy } from "./throttle.js";
export type {
  Analysis, Audio, Classification, Collection, Face, Frame, Label, Moment, Picture, Recognition, TextItem,
} from "./types.js";
