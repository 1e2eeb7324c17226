// The public gRPC-Web and Connect clients behind a few functions that tests/e2e/test_browser.py calls in a page.
// Messages are made from a descriptor set, so nothing is generated.
import { create, createFileRegistry, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import * as grpcWeb from "grpc-web";

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

let registry;
function service(name = "ImageRecognition") {
  return registry.getService(`ai.inference.${name}`);
}

window.clients = {
  load(descriptors) {
    registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytesOf(descriptors)));
  },

  // One answer, the answers of a stream, or { code, message, metadata, details }. `transport` are options of Connect's;
  // without them the call goes over gRPC-Web.
  async connect(baseUrl, method, request, { stream = false, of = undefined, transport = undefined, ...options } = {}) {
    const how = transport
      ? createConnectTransport({ baseUrl, jsonOptions: { registry }, ...transport })
      : createGrpcWebTransport({ baseUrl, useBinaryFormat: true });
    const client = createClient(service(of), how);
    const { input, output } = service(of).method[method];
    const message = create(input, revived(request));
    try {
      if (!stream) return toJson(output, await client[method](message, options), { registry });
      const answers = [];
      for await (const answer of client[method](message, options)) answers.push(toJson(output, answer, { registry }));
      return answers;
    } catch (error) {
      const e = ConnectError.from(error);
      return {
        code: Code[e.code],
        message: e.rawMessage,
        metadata: Object.fromEntries(e.metadata),
        details: e.details.map((d) => d.type),
      };
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
    const message = create(input, revived(request));
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
function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  const entry = ([key, v]) => [key, key === "image" || key === "mjpeg" ? bytesOf(v) : revived(v)];
  return Object.fromEntries(Object.entries(value).map(entry));
}
