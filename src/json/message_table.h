// What the transcoder knows of a message type, worked out once: its fields by JSON name, the writer's keys, and whether
// proto3 JSON gives the type a form of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace sluice::json {

// Types with a JSON form of their own. kMessage: none.
enum class WellKnown : uint8_t {
  kMessage,
  kAny,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,
  kListValue,
  kWrapper
};

struct MessageTable;

struct FieldEntry {
  const google::protobuf::FieldDescriptor* field = nullptr;
  const MessageTable* message = nullptr;  // of a message field; of a map: the entry's
  uint32_t index = 0;                     // in MessageTable::fields
  google::protobuf::FieldDescriptor::CppType type{};
  int oneof = -1;         // of real oneofs: the index in the message
  bool repeated = false;  // not for maps
  bool map = false;
  bool bytes = false;
  bool null_value = false;  // google.protobuf.NullValue
  bool omit_empty = false;  // of repeated fields: ai.inference.FieldOptions
  std::string key;          // "\"name\":", as the writer prints it
};

struct MessageTable {
  const google::protobuf::Descriptor* descriptor = nullptr;
  WellKnown well_known = WellKnown::kMessage;
  std::vector<FieldEntry> fields;  // by number

  // By the name in the .proto or by json_name; null when there is none. Extensions are not found.
  const FieldEntry* Find(std::string_view name) const {
    for (uint32_t slot = HashOf(name) & mask;; slot = (slot + 1) & mask) {
      const Slot& s = slots[slot];
      if (s.name == name && s.name.data() != nullptr) return &fields[s.field];
      if (s.name.data() == nullptr) return nullptr;
    }
  }

  struct Slot {
    std::string_view name;
    uint32_t field = 0;
  };
  static uint32_t HashOf(std::string_view name) {
    const auto at = [name](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(name[i])); };
    const size_t n = name.size();
    return n == 0 ? 0 : static_cast<uint32_t>(n) * 31 + at(0) * 7 + at(n - 1) * 131 + at(n / 2) * 17;
  }
  std::vector<Slot> slots;  // open addressing; at least one is empty
  uint32_t mask = 0;
};

// Lives for ever, so the descriptor must (those of generated code do). Thread-safe.
const MessageTable& TableOf(const google::protobuf::Descriptor& descriptor);

}  // namespace sluice::json
