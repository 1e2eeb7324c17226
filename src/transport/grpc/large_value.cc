#include "transport/grpc/large_value.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "transport/grpc/large_fields.h"

namespace sluice::grpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

// Null when there is none of this number.
const FieldDescriptor* RepeatedBytes(const Descriptor& type, int number) {
  const FieldDescriptor* const field = type.FindFieldByNumber(number);
  return field != nullptr && IsRepeatedBytes(*field) ? field : nullptr;
}

}  // namespace

std::optional<LargePlace> FindLargeValue(const Descriptor& type, std::string_view start, size_t message_bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(start.data()),
                                            static_cast<int>(start.size()));
  std::vector<int> seen;  // numbers of the `repeated bytes` values before
  while (const uint32_t tag = in.ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return std::nullopt;
      continue;
    }
    const auto tag_end = static_cast<size_t>(in.CurrentPosition());
    uint32_t length = 0;
    if (!in.ReadVarint32(&length)) return std::nullopt;
    const auto begin = static_cast<size_t>(in.CurrentPosition());
    if (length > message_bytes - begin) return std::nullopt;
    if (RepeatedBytes(type, number) != nullptr) {
      if (length >= kLargeBytes) {
        return LargePlace{.field = number,
                          .index = static_cast<int>(std::count(seen.begin(), seen.end(), number)),
                          .tag_end = tag_end,
                          .begin = begin,
                          .end = begin + length};
      }
      seen.push_back(number);
    }
    if (!in.Skip(static_cast<int>(length))) return std::nullopt;
  }
  return std::nullopt;
}

// The way that is not deprecated can only copy values.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
bool PutLargeValue(google::protobuf::Message& message, LargeValue&& value) {
  const FieldDescriptor* const field = RepeatedBytes(*message.GetDescriptor(), value.field);
  if (field == nullptr) return false;
  auto* const values = message.GetReflection()->MutableRepeatedPtrField<std::string>(&message, field);
  if (value.index >= values->size()) return false;
  *values->Mutable(value.index) = std::move(value.bytes);
  return true;
}
#pragma GCC diagnostic pop

}  // namespace sluice::grpc
