#include "transport/message_size.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"

namespace sluice::transport {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// The allocator's share of a block, and its smallest one.
constexpr size_t kBlockBytes = 32;
// A list doubles, and while it moves both copies are there.
constexpr size_t kListGrowth = 3;
constexpr size_t kListBytes = 64;  // of the first element
constexpr size_t kTextBytes = sizeof(std::string) + kBlockBytes;
constexpr size_t kUnknownBytes = 16 * kListGrowth;
constexpr size_t kUnknownSetBytes = 128;
constexpr size_t kMapEntryBytes = 256;  // node, table, and the copy that reflection makes of it
constexpr size_t kObjectBytes = 512;    // of a type without a class
constexpr int kDepthMax = 100;          // as protobuf's own parser
constexpr size_t kNumbersMax = 64;      // fields of such numbers are found by index

struct TypeCosts;

struct FieldCosts {
  enum class Kind : uint8_t { kUnknown, kNumber, kText, kMessage };
  Kind kind = Kind::kUnknown;
  uint8_t wire_type = 0;  // of one value
  bool repeated = false;
  size_t element_bytes = 0;            // kNumber
  const TypeCosts* message = nullptr;  // kMessage
};

struct TypeCosts {
  size_t object_bytes = 0;  // with the block that holds it
  std::vector<FieldCosts> low;
  absl::flat_hash_map<uint32_t, FieldCosts> high;

  const FieldCosts* Find(uint32_t number) const {
    if (number < low.size()) return &low[number];
    if (high.empty()) return nullptr;
    const auto it = high.find(number);
    return it == high.end() ? nullptr : &it->second;
  }
};

uint8_t WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64: return 1;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE: return 2;
    case FieldDescriptor::TYPE_GROUP: return 3;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32: return 5;
    default: return 0;
  }
}

size_t ElementBytes(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return 1;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_ENUM: return 4;
    default: return 8;
  }
}

size_t ObjectBytes(const Descriptor& type) {
  // An entry's prototype cannot be asked. The key and the value count as its fields.
  if (type.options().map_entry()) return kMapEntryBytes;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
  return prototype == nullptr ? kObjectBytes : prototype->SpaceUsedLong();
}

// What is known of each type, worked out once.
class Costs {
 public:
  const TypeCosts& Get(const Descriptor& type) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = types_.find(&type); it != types_.end()) return *it->second;
    }
    const std::unique_lock lock(mutex_);
    return Make(type);
  }

 private:
  TypeCosts& Make(const Descriptor& type) {
    auto& costs = types_[&type];
    if (costs != nullptr) return *costs;
    costs = std::make_unique<TypeCosts>();
    TypeCosts& made = *costs;
    made.object_bytes = kBlockBytes + ObjectBytes(type);
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const auto number = static_cast<uint32_t>(field.number());
      FieldCosts costs_of = CostsOf(field);
      if (number >= kNumbersMax) {
        made.high.emplace(number, costs_of);
        continue;
      }
      if (made.low.size() <= number) made.low.resize(number + 1);
      made.low[number] = costs_of;
    }
    return made;
  }

  FieldCosts CostsOf(const FieldDescriptor& field) {
    FieldCosts out{.kind = FieldCosts::Kind::kNumber,
                   .wire_type = WireTypeOf(field),
                   .repeated = field.is_repeated(),
                   .element_bytes = ElementBytes(field)};
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) out.kind = FieldCosts::Kind::kText;
    if (field.message_type() == nullptr) return out;
    out.kind = FieldCosts::Kind::kMessage;
    out.message = &Make(*field.message_type());
    return out;
  }

  std::shared_mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<TypeCosts>> types_;
};

const TypeCosts& CostsOf(const Descriptor& type) {
  static auto* const costs = new Costs;
  return costs->Get(type);
}

struct Tag {
  uint32_t number;
  uint8_t wire_type;
};

class Scan {
 public:
  Scan(std::string_view bytes, const MessageSize& most) : bytes_(bytes), most_(most) {}

  // Fields up to `end`, or to the end of group `group` (0: none). False: it is over.
  bool Message(const TypeCosts& type, size_t end, uint32_t group, int depth) {
    uint64_t lists = 0;  // numbers of the repeated fields met
    bool unknown = false;
    while (at_ < end) {
      uint64_t raw = 0;
      if (!Varint(end, raw)) return false;
      const Tag tag{static_cast<uint32_t>(raw >> 3), static_cast<uint8_t>(raw & 7)};
      if (tag.wire_type == 4) return tag.number == group && group != 0;
      const FieldCosts* field = type.Find(tag.number);
      if (field != nullptr && !Fits(*field, tag)) field = nullptr;
      if (field == nullptr) {
        if (!std::exchange(unknown, true)) size.bytes += kUnknownSetBytes;
        if (!Unknown(tag, end, depth)) return false;
        continue;
      }
      const uint64_t bit = uint64_t{1} << (tag.number % 64);
      if (field->repeated && (tag.number >= kNumbersMax || (lists & bit) == 0)) size.bytes += kListBytes;
      lists |= bit;
      if (!Known(*field, tag, end, depth)) return false;
    }
    return true;
  }

  MessageSize size;

 private:
  static bool Fits(const FieldCosts& field, const Tag& tag) {
    if (field.kind == FieldCosts::Kind::kUnknown) return false;
    const bool packed = field.kind == FieldCosts::Kind::kNumber && field.repeated && tag.wire_type == 2;
    return packed || field.wire_type == tag.wire_type;
  }

  bool Varint(size_t end, uint64_t& out) {
    out = 0;
    for (int shift = 0; at_ < end && shift < 70; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      out |= static_cast<uint64_t>(byte & 0x7f) << (shift < 64 ? shift : 0);
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Skip(size_t bytes, size_t end) {
    if (bytes > end - at_) return false;
    at_ += bytes;
    return true;
  }

  bool Add(size_t bytes, size_t parts) {
    size.bytes += bytes;
    size.parts += parts;
    return size.bytes <= most_.bytes && size.parts <= most_.parts;
  }

  bool Number(uint8_t wire_type, size_t end) {
    uint64_t ignored = 0;
    if (wire_type == 0) return Varint(end, ignored);
    return Skip(wire_type == 1 ? 8 : 4, end);
  }

  bool Known(const FieldCosts& field, const Tag& tag, size_t end, int depth) {
    if (tag.wire_type == 3) return Group(*field.message, tag, end, depth);
    if (tag.wire_type != 2) {
      return Number(tag.wire_type, end) && Add(field.repeated ? field.element_bytes * kListGrowth : 0, 0);
    }
    uint64_t length = 0;
    if (!Varint(end, length) || length > end - at_) return false;
    const size_t pointer = field.repeated ? sizeof(void*) * kListGrowth : 0;
    switch (field.kind) {
      case FieldCosts::Kind::kText: return Add(pointer + TextBytes(length), 1) && Skip(length, end);
      case FieldCosts::Kind::kMessage:
        return depth < kDepthMax && Add(pointer + field.message->object_bytes, 1) &&
               Message(*field.message, at_ + length, 0, depth + 1);
      default: return Packed(field, length) && Skip(length, end);
    }
  }

  // Numbers of a fixed size come all at once.
  bool Packed(const FieldCosts& field, size_t length) {
    if (field.wire_type != 0) return Add(2 * length + kBlockBytes, 0);
    size_t count = 0;
    for (size_t i = at_; i < at_ + length; ++i) count += static_cast<uint8_t>(bytes_[i]) < 0x80 ? 1 : 0;
    return Add(count * field.element_bytes * kListGrowth + kBlockBytes, 0);
  }

  bool Unknown(const Tag& tag, size_t end, int depth) {
    static const TypeCosts nothing{};
    switch (tag.wire_type) {
      case 0:
      case 1:
      case 5: return Number(tag.wire_type, end) && Add(kUnknownBytes, 0);
      case 2: {
        uint64_t length = 0;
        return Varint(end, length) && Add(kUnknownBytes + TextBytes(length), 1) && Skip(length, end);
      }
      case 3: return Group(nothing, tag, end, depth);
      default: return false;
    }
  }

  bool Group(const TypeCosts& type, const Tag& tag, size_t end, int depth) {
    return depth < kDepthMax && Add(kUnknownBytes + kUnknownSetBytes + type.object_bytes, 1) &&
           Message(type, end, tag.number, depth + 1);
  }

  static size_t TextBytes(size_t length) { return kTextBytes + (length > 15 ? length + kBlockBytes : 0); }

  const std::string_view bytes_;
  const MessageSize most_;
  size_t at_ = 0;
};

}  // namespace

MessageSize SizeWhenParsed(const Descriptor& type, std::string_view bytes, const MessageSize& most) {
  const TypeCosts& costs = CostsOf(type);
  Scan scan(bytes, most);
  scan.size.bytes = costs.object_bytes;
  scan.Message(costs, bytes.size(), 0, 0);
  return scan.size;
}

}  // namespace sluice::transport
