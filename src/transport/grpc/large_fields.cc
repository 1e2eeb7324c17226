#include "transport/grpc/large_fields.h"

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace sluice::grpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

std::string TagAndLength(int number, size_t length) {
  uint8_t buffer[20];
  const uint32_t tag = WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(tag, buffer);
  end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(length, end);
  return {reinterpret_cast<const char*>(buffer), static_cast<size_t>(end - buffer)};
}

}  // namespace

bool IsRepeatedBytes(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_BYTES && field.is_repeated();
}

// The way that is not deprecated can only copy values.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::vector<std::string> TakeLargeFields(google::protobuf::Message& message) {
  std::vector<std::string> pieces;
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (!IsRepeatedBytes(*field)) continue;
    auto* values = message.GetReflection()->MutableRepeatedPtrField<std::string>(&message, field);
    size_t bytes = 0;
    for (const std::string& value : *values) bytes += value.size();
    if (bytes < kLargeBytes) continue;
    for (std::string& value : *values) {
      pieces.push_back(TagAndLength(field->number(), value.size()));
      pieces.push_back(std::move(value));
    }
    values->Clear();
  }
  return pieces;
}
#pragma GCC diagnostic pop

}  // namespace sluice::grpc
