// What a client sends and is answered, as fields of the access log: whatever bytes they are, the line is one line of
// JSON in UTF-8, of bounded size, that reads again as what it says.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ai/inference/image_recognition.pb.h"
#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "base/text.h"
#include "call/layers/observe/access_line.h"
#include "call/testing/recording_port.h"
#include "call/unary.h"

namespace {

using namespace sluice;  // NOLINT
using ai::inference::RecognizeRequest;

constexpr size_t kLineBytesMax = 64 << 10;  // of texts of 1 KiB, each byte of which may take six

void Require(bool condition) {
  if (!condition) std::abort();
}

struct World {
  World() {
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods.Add(service->FindMethodByName("Recognize"),
                Unary<RecognizeRequest>([](std::shared_ptr<Call>, std::unique_ptr<RecognizeRequest>) {}));
  }
  FakeLoop loop;
  MethodTable methods;
  Chain chain;
  Headers headers;
  RecordingPort port;
};

// The next text of the input: its length is its first byte, times 32.
std::string_view Take(std::string_view& in) {
  if (in.empty()) return {};
  const size_t size = std::min<size_t>(static_cast<uint8_t>(in[0]) * 32, in.size() - 1);
  const std::string_view text = in.substr(1, size);
  in.remove_prefix(1 + size);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  std::string_view in(reinterpret_cast<const char*>(data), size);
  auto call = Call::Create({.method = world.methods.all().front().get(),
                            .protocol = Protocol::kRest,
                            .headers = &world.headers,
                            .client_ip = std::string(Take(in)),
                            .arrived = world.loop.Now()},
                           world.loop, world.chain, world.port);
  call->Begin();
  call->request_id = Take(in);
  call->trace.trace_low = Take(in).size();
  call->key_id = Take(in);
  const std::string model(Take(in)), other(Take(in));
  call->UseOf(model, "1");
  call->UseOf(other, "2");
  call->Finish(absl::InternalError(ToAbsl(Take(in))));

  LineBuffer out;
  FormatAccessLine(*call, WallTime(), out);
  const std::string line(out.view());
  Require(line.size() <= kLineBytesMax);
  Require(line.find('\n') == std::string::npos);
  Require(IsUtf8(line));
  google::protobuf::Struct read;
  Require(google::protobuf::util::JsonStringToMessage(line, &read).ok());
  const std::string& id = call->request_id;
  if (!id.empty() && IsUtf8(id) && id.size() <= 1024) Require(read.fields().at("request_id").string_value() == id);
  Require(read.fields().at("models").list_value().values_size() == 2);  // two versions, whatever their names
  return 0;
}
