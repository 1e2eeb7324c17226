// What goes in and comes out: the JSON of the API, names as in the .proto files.

export interface Face {
  x: number;
  y: number;
  width: number;
  height: number;
  confidence: number;
}

export interface Label {
  label: string;
  confidence: number;
}

/** google.rpc.Status: why a frame of a stream has no result. */
export interface Status {
  code: number;
  message: string;
  details?: { "@type": string; reason?: string }[];
}

/** Of one image. In streams `sequence` says which, and `error` why it has no faces. */
export interface Recognition {
  faces: Face[];
  latency: number;
  labels?: Label[];
  sequence?: number;
  id?: string;
  error?: Status;
}

/** A JPEG, PNG or WebP file. */
export interface Frame {
  image: Uint8Array;
  model_id?: string;
  min_confidence?: number;
}

/** An image of a batch; its id comes back with the result. */
export interface Picture {
  image: Uint8Array;
  id?: string;
  min_confidence?: number;
}

export interface Collection {
  results: Recognition[];
  frames: number;
  failed_frames: number;
  faces: number;
  latency: number;
}

export interface TextItem {
  text: string;
  id?: string;
}

export interface Classification {
  label: string;
  confidence: number;
  id?: string;
}

/** One channel of sound: features as a model takes them, or samples of 16 bit, little-endian, with their rate. */
export interface Audio {
  features?: number[];
  pcm16?: Uint8Array;
  sample_rate_hz?: number;
}

/** What is analysed together; each part may be left out. */
export interface Moment {
  text?: string;
  image?: Uint8Array;
  audio?: Audio;
}

/** Parts that were not sent are missing; a part that failed has its error. */
export interface Analysis {
  text?: { model_id: string; result?: Classification; error?: Status };
  image?: { model_id: string; faces?: Face[]; labels?: Label[]; error?: Status };
  audio?: { model_id: string; labels?: Label[]; error?: Status };
  latency: number;
  sequence?: number;
  error?: Status;
}
