// A message from a hostile client whose large value comes apart: with its value put back it is what protobuf reads from
// the whole, or both are refused.
//
// First byte: where a large value is put into the rest of the input, and how the whole is cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "inference/grpc_service.pb.h"
#include "transport/grpc/framing.h"

namespace {

using sluice::grpc::Deframer;

std::string Hostile(uint8_t plan, std::string_view rest) {
  static const std::string value(130'000, 'v');
  std::string message(rest.substr(0, plan & 63));
  message += "\x3a";                                // field 7, raw_input_contents
  message.append("\xd0\xf7\x07", 3).append(value);  // 130,000 as varint
  return message.append(rest.substr(std::min<size_t>(plan & 63, rest.size())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string message = Hostile(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  std::string bytes(sluice::grpc::kFrameHeaderBytes, '\0');
  sluice::grpc::PutFrameHeader(bytes.data(), message.size(), false);
  bytes += message;

  Deframer deframer(1 << 20);
  deframer.SplitBy(*inference::ModelInferRequest::descriptor());
  Deframer::Frame frame;
  bool complete = false;
  const size_t step = (data[0] & 64) != 0 ? 100'000 : 100;
  for (std::string_view rest = bytes; !rest.empty();) {
    std::string_view piece = rest.substr(0, step);
    rest.remove_prefix(piece.size());
    complete = *deframer.Next(piece, frame);
    if (complete != rest.empty()) std::abort();
  }
  if (!complete || frame.wire_bytes != bytes.size()) std::abort();

  inference::ModelInferRequest whole, parts;
  const bool valid = whole.ParseFromString(message);
  if (parts.ParseFromArray(frame.message.data(), static_cast<int>(frame.message.size())) != valid) std::abort();
  if (!valid) return 0;
  if (frame.large != nullptr && !PutLargeValue(parts, std::move(*frame.large))) std::abort();
  if (parts.raw_input_contents_size() != whole.raw_input_contents_size()) std::abort();
  for (int i = 0; i < whole.raw_input_contents_size(); ++i) {
    if (parts.raw_input_contents(i) != whole.raw_input_contents(i)) std::abort();
  }
  return 0;
}
