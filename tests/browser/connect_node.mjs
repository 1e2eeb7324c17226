// The public Connect client in Node, for tests/e2e/test_connect.py: runs calls that stdin lists, prints what came of
// each.
import { create, createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

const { url, descriptors, calls } = JSON.parse(process.env.CONNECT_CALLS);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")));

async function run({ service, method, request, transport = {}, options = {}, stream = false }) {
  const descriptor = registry.getService(service);
  const { input, output } = descriptor.method[method];
  let headers;
  const seen = { ...options, onHeader: (all) => (headers = Object.fromEntries(all)) };
  try {
    const client = createClient(descriptor, createConnectTransport({ baseUrl: url, ...transport }));
    const answer = client[method](create(input, request), seen);
    if (!stream) return { answers: [toJson(output, await answer, { registry })], headers };
    const answers = [];
    for await (const one of answer) answers.push(toJson(output, one, { registry }));
    return { answers, headers };
  } catch (error) {
    const e = ConnectError.from(error);
    const metadata = Object.fromEntries(e.metadata);
    return { code: Code[e.code], message: e.rawMessage, metadata, details: e.details.map((d) => d.type) };
  }
}

const results = [];
for (const call of calls) results.push(await run(call));
console.log(JSON.stringify(results));
