// Any bytes as JSON of the test schema: what is read must print, and read again, as the same message.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "json/reader.h"
#include "json/writer.h"

namespace {

bool Equal(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer differ;
  differ.set_field_comparator(&comparator);
  return differ.Compare(a, b);
}

template <typename M>
void Check(std::string_view json, const sluice::json::ReadOptions& options) {
  M first, second;
  if (!sluice::json::JsonToMessage(json, first, options).ok()) return;
  std::string printed;
  sluice::json::MessageToJson(first, printed);
  // Printing adds no depth but that of Any and Value wrappers.
  if (!sluice::json::JsonToMessage(printed, second, {.depth_max = 300}).ok()) std::abort();
  if (!Equal(first, second)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of the exact size, so that AddressSanitizer sees a read past the end.
  const std::string json(reinterpret_cast<const char*>(data), size);
  Check<ai::inference::testing::Everything>(json, {});
  Check<ai::inference::testing::Everything>(json, {.ignore_unknown_fields = true});
  Check<ai::inference::ClassifyRequest>(json, {});
  return 0;
}
