// A protobuf message from a hostile client never becomes larger than was worked out from its bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "inference/grpc_service.pb.h"
#include "transport/message_size.h"

namespace {

template <typename Type>
void Check(std::string_view bytes) {
  const auto size = sluice::transport::SizeWhenParsed(*Type::descriptor(), bytes);
  Type message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (message.SpaceUsedLong() > size.bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check<inference::ModelInferRequest>(bytes);
  Check<inference::ModelConfigResponse>(bytes);
  Check<inference::ServerLiveRequest>(bytes);
  return 0;
}
