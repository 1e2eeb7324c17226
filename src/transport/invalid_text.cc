#include "transport/invalid_text.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/wire_format_lite.h>

#include <map>

#include "base/strings.h"

namespace sluice::transport {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr int kDepthMax = 100;  // as protobuf's own parser

std::string Find(const Descriptor& type, std::string_view bytes, int depth) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  std::map<int, int> seen;  // of repeated fields, by number
  while (const uint32_t tag = in.ReadTag()) {
    const auto* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    uint32_t size = 0;
    if (field == nullptr || WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return {};
      continue;
    }
    if (!in.ReadVarint32(&size) || size > bytes.size() - static_cast<size_t>(in.CurrentPosition())) return {};
    const std::string_view value = bytes.substr(static_cast<size_t>(in.CurrentPosition()), size);
    in.Skip(static_cast<int>(size));
    const int index = field->is_repeated() ? seen[field->number()]++ : 0;
    std::string name =
        field->is_repeated() && !field->is_map() ? StrCat(field->name(), "[", index, "]") : field->name();
    if (field->type() == FieldDescriptor::TYPE_STRING &&
        !google::protobuf::internal::IsStructurallyValidUTF8(value.data(), static_cast<int>(size))) {
      return name;
    }
    if (field->type() == FieldDescriptor::TYPE_MESSAGE && depth < kDepthMax) {
      const std::string inside = Find(*field->message_type(), value, depth + 1);
      if (!inside.empty()) return field->is_map() ? name : StrCat(name, ".", inside);
    }
  }
  return {};
}

}  // namespace

std::string InvalidTextField(const Descriptor& type, std::string_view bytes) { return Find(type, bytes, 0); }

}  // namespace sluice::transport
