// The public gRPC-Web clients behind a few functions that tests/e2e/test_browser.py calls in a page. Messages are made
// from a descriptor set, so nothing is generated.
import { create, createFileRegistry, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import * as grpcWeb from "grpc-web";

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

let registry;
function service() {
  return registry.getService("ai.inference.ImageRecognition");
}

window.clients = {
  load(descriptors) {
    registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytesOf(descriptors)));
  },

  // One answer, the answers of a stream, or { code, message, metadata }.
  async connect(baseUrl, method, request, { stream = false, ...options } = {}) {
    const client = createClient(service(), createGrpcWebTransport({ baseUrl, useBinaryFormat: true }));
    const output = service().method[method].output;
    try {
      if (!stream) return toJson(output, await client[method](decoded(method, request), options), { registry });
      const answers = [];
      for await (const answer of client[method](decoded(method, request), options)) answers.push(toJson(output, answer, { registry }));
      return answers;
    } catch (error) {
      const e = ConnectError.from(error);
      return { code: Code[e.code], message: e.rawMessage, metadata: Object.fromEntries(e.metadata) };
    }
  },

  // The same by Google's client; `format` is "text" or "binary".
  async google(baseUrl, method, request, format, { stream = false, metadata = {} } = {}) {
    const { input, output, name } = service().method[method];
    const descriptor = new grpcWeb.MethodDescriptor(
      `/${service().typeName}/${name}`,
      stream ? grpcWeb.MethodType.SERVER_STREAMING : grpcWeb.MethodType.UNARY,
      Object, Object,
      (message) => toBinary(input, message),
      (bytes) => fromBinary(output, bytes),
    );
    const client = new grpcWeb.GrpcWebClientBase({ format });
    const url = baseUrl + descriptor.getName();
    const message = decoded(method, request);
    const failed = (error) => ({ code: error.code, message: error.message, metadata: error.metadata });
    if (!stream) {
      return new Promise((resolve) => client.rpcCall(url, message, metadata, descriptor, (error, answer) =>
        resolve(error ? failed(error) : toJson(output, answer, { registry }))));
    }
    return new Promise((resolve) => {
      const answers = [];
      const call = client.serverStreaming(url, message, metadata, descriptor);
      call.on("data", (answer) => answers.push(toJson(output, answer, { registry })));
      call.on("error", (error) => resolve(failed(error)));
      call.on("end", () => resolve(answers));
    });
  },
};

// The request as given by the test: bytes fields as base64.
function decoded(method, request) {
  const revive = (value) => {
    if (Array.isArray(value)) return value.map(revive);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, key === "image" || key === "mjpeg" ? bytesOf(v) : revive(v)]));
  };
  return create(service().method[method].input, revive(request));
}
