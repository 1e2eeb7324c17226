#include "json/message_table.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "absl/container/flat_hash_map.h"
#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "json/reflection.h"

namespace sluice::json {
namespace {

WellKnown WellKnownOf(const Descriptor& descriptor) {
  switch (descriptor.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED: return WellKnown::kMessage;
    case Descriptor::WELLKNOWNTYPE_ANY: return WellKnown::kAny;
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return WellKnown::kTimestamp;
    case Descriptor::WELLKNOWNTYPE_DURATION: return WellKnown::kDuration;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: return WellKnown::kFieldMask;
    case Descriptor::WELLKNOWNTYPE_STRUCT: return WellKnown::kStruct;
    case Descriptor::WELLKNOWNTYPE_VALUE: return WellKnown::kValue;
    case Descriptor::WELLKNOWNTYPE_LISTVALUE: return WellKnown::kListValue;
    default: return WellKnown::kWrapper;
  }
}

FieldEntry EntryOf(const FieldDescriptor& field) {
  FieldEntry entry;
  entry.field = &field;
  entry.type = field.cpp_type();
  entry.map = field.is_map();
  entry.repeated = field.is_repeated() && !entry.map;
  entry.bytes = field.type() == FieldDescriptor::TYPE_BYTES;
  entry.null_value = field.enum_type() != nullptr && field.enum_type()->full_name() == "google.protobuf.NullValue";
  if (field.real_containing_oneof() != nullptr) entry.oneof = field.real_containing_oneof()->index();
  entry.omit_empty = field.options().GetExtension(ai::inference::field).omit_empty();
  entry.key = StrCat("\"", field.name(), "\":");
  return entry;
}

void Insert(MessageTable& table, std::string_view name, uint32_t field) {
  if (table.Find(name) != nullptr) return;
  uint32_t slot = MessageTable::HashOf(name) & table.mask;
  while (table.slots[slot].name.data() != nullptr) slot = (slot + 1) & table.mask;
  table.slots[slot] = {name, field};
}

void Fill(MessageTable& table, const Descriptor& descriptor) {
  table.descriptor = &descriptor;
  table.well_known = WellKnownOf(descriptor);
  for (int i = 0; i < descriptor.field_count(); ++i) table.fields.push_back(EntryOf(*descriptor.field(i)));
  std::sort(table.fields.begin(), table.fields.end(),
            [](const FieldEntry& a, const FieldEntry& b) { return a.field->number() < b.field->number(); });
  uint32_t slots = 4;
  while (slots < table.fields.size() * 4) slots *= 2;
  table.slots.resize(slots);
  table.mask = slots - 1;
  for (uint32_t i = 0; i < table.fields.size(); ++i) table.fields[i].index = i;
  // The .proto's own names win over another field's json_name.
  for (uint32_t i = 0; i < table.fields.size(); ++i) Insert(table, table.fields[i].field->name(), i);
  for (uint32_t i = 0; i < table.fields.size(); ++i) Insert(table, table.fields[i].field->json_name(), i);
}

class Tables {
 public:
  const MessageTable& Get(const Descriptor& descriptor) {
    {
      std::shared_lock lock(mutex_);
      if (auto it = tables_.find(&descriptor); it != tables_.end()) return *it->second;
    }
    std::unique_lock lock(mutex_);
    return *Build(descriptor);
  }

 private:
  // With mutex_ held: tables of all types in reach are built under one lock, so that a reader never meets a half-built
  // one.
  const MessageTable* Build(const Descriptor& descriptor) {
    std::unique_ptr<MessageTable>& slot = tables_[&descriptor];
    if (slot != nullptr) return slot.get();
    slot = std::make_unique<MessageTable>();
    MessageTable* table = slot.get();  // `slot` moves when the map grows
    Fill(*table, descriptor);
    for (FieldEntry& entry : table->fields) {
      if (entry.field->message_type() != nullptr) entry.message = Build(*entry.field->message_type());
    }
    return table;
  }

  std::shared_mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessageTable>> tables_;  // guarded by mutex_
};

}  // namespace

const MessageTable& TableOf(const Descriptor& descriptor) {
  static auto* const tables = new Tables;
  return tables->Get(descriptor);
}

}  // namespace sluice::json
