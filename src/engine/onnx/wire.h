// Walks a protobuf message field by field without copying it: what an .onnx file of gigabytes needs, most of which is
// weights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::onnx {

// One message's bytes, which outlive the reader. Malformed bytes end the walk: Next() is false, and ok() too.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // The next field. `number` and one of the two values are set: `bytes` for strings, messages and packed lists, `value`
  // for numbers (a float's bits, for fixed ones).
  bool Next();
  bool ok() const { return ok_; }

  uint32_t number = 0;
  bool is_bytes = false;
  uint64_t value = 0;
  std::string_view bytes;
  std::string_view whole;  // the field as it is there, with its number

  // Takes a varint off `from`; false when there is none.
  static bool TakeVarint(std::string_view& from, uint64_t& value);

 private:
  bool TakeFixed(int size);

  std::string_view rest_;
  bool ok_ = true;
};

// Appends a field to a message.
void AppendField(uint32_t number, std::string_view bytes, std::string& message);
void AppendField(uint32_t number, uint64_t value, std::string& message);

}  // namespace sluice::onnx
