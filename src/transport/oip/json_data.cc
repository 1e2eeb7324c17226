#include "transport/oip/json_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/scalar_text.h"
#include "json/text.h"
#include "transport/oip/half.h"
#include "transport/oip/json_members.h"

namespace sluice::oip {
namespace {

using json::Tokens;

template <typename T>
void Put(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool IsString(std::string_view scalar) { return scalar.size() >= 2 && scalar.front() == '"' && scalar.back() == '"'; }

// What JSON has no number for.
bool IsName(std::string_view scalar) {
  return scalar == "\"NaN\"" || scalar == "\"Infinity\"" || scalar == "\"-Infinity\"";
}

// Each reader appends one scalar, or says what it should have been.
template <typename T>
struct Whole {
  static constexpr const char* kWanted = "must be a whole number in the range of the datatype";
  static bool Read(std::string_view scalar, std::string& out) {
    if constexpr (std::is_unsigned_v<T>) {
      const auto value = json::ParseUint64(scalar);
      if (!value || *value > std::numeric_limits<T>::max()) return false;
      Put(static_cast<T>(*value), out);
    } else {
      const auto value = json::ParseInt64(scalar);
      if (!value || *value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max()) return false;
      Put(static_cast<T>(*value), out);
    }
    return true;
  }
};

std::optional<float> ReadFloat(std::string_view scalar) {
  if (!IsName(scalar)) return json::ParseFloat(scalar, false);
  return json::ParseFloat(scalar.substr(1, scalar.size() - 2), true);
}

struct Fp32 {
  static constexpr const char* kWanted = "must be a number in the range of the datatype";
  static bool Read(std::string_view scalar, std::string& out) {
    const auto value = ReadFloat(scalar);
    if (value) Put(*value, out);
    return value.has_value();
  }
};

struct Fp64 {
  static constexpr const char* kWanted = Fp32::kWanted;
  static bool Read(std::string_view scalar, std::string& out) {
    const auto value = IsName(scalar) ? json::ParseDouble(scalar.substr(1, scalar.size() - 2), true)
                                      : json::ParseDouble(scalar, false);
    if (value) Put(*value, out);
    return value.has_value();
  }
};

template <uint16_t (*FromFloat)(float), float (*ToFloat)(uint16_t)>
struct Short {
  static constexpr const char* kWanted = Fp32::kWanted;
  static bool Read(std::string_view scalar, std::string& out) {
    const auto value = ReadFloat(scalar);
    if (!value) return false;
    const uint16_t bits = FromFloat(*value);
    if (std::isfinite(*value) && !std::isfinite(ToFloat(bits))) return false;
    Put(bits, out);
    return true;
  }
};

struct Bool {
  static constexpr const char* kWanted = "must be true or false";
  static bool Read(std::string_view scalar, std::string& out) {
    const bool yes = scalar == "true" || scalar == "1";
    if (!yes && scalar != "false" && scalar != "0") return false;
    out.push_back(yes ? '\1' : '\0');
    return true;
  }
};

struct Bytes {
  static constexpr const char* kWanted = "must be a string";
  static bool Read(std::string_view scalar, std::string& out) {
    if (!IsString(scalar)) return false;
    const size_t at = out.size();
    Put(uint32_t{0}, out);
    if (json::Unescape(scalar.substr(1, scalar.size() - 2), out) != nullptr) return false;
    const auto length = static_cast<uint32_t>(out.size() - at - sizeof(uint32_t));
    std::memcpy(out.data() + at, &length, sizeof length);
    return true;
  }
};

// Walks one array; Element reads its scalars.
template <typename Element>
class DataReader {
 public:
  DataReader(Tokens& tokens, std::span<const int64_t> shape, std::string& out)
      : tokens_(tokens), shape_(shape), out_(out) {}

  absl::Status Read(int64_t elements) {
    const uint32_t start = tokens_.Mark();
    if (!tokens_.Take('[')) return WrongValue(tokens_, "must be a list");
    const bool nested = tokens_.Peek() == '[';
    tokens_.Reset(start);
    if (nested) return ReadLevel(0);
    return ReadScalars(elements);
  }

 private:
  // A list of lists: each has as many members as the shape's dimension says.
  absl::Status ReadLevel(size_t level) {
    if (level + 1 == shape_.size()) return ReadScalars(shape_[level]);
    if (level + 1 > shape_.size()) return WrongValue(tokens_, "is nested deeper than the tensor's shape");
    if (!tokens_.Take('['))
      return WrongValue(tokens_, "must be a list: data is flat, or nested like the tensor's shape");
    int64_t count = 0;
    if (!tokens_.Take(']')) {
      do {
        RETURN_IF_ERROR(ReadLevel(level + 1));
        ++count;
      } while (tokens_.Take(','));
      if (!tokens_.Take(']')) return WrongValue(tokens_, "must continue with ',' or ']'");
    }
    return CheckCount(count, shape_[level]);
  }

  absl::Status ReadScalars(int64_t expected) {
    if (!tokens_.Take('['))
      return WrongValue(tokens_, "must be a list: data is flat, or nested like the tensor's shape");
    int64_t count = 0;
    if (!tokens_.Take(']')) {
      do {
        if (tokens_.AtEnd() || !Element::Read(tokens_.Scalar(), out_)) return WrongValue(tokens_, Element::kWanted);
        tokens_.Advance();
        ++count;
      } while (tokens_.Take(','));
      if (!tokens_.Take(']')) return WrongValue(tokens_, "must continue with ',' or ']'");
    }
    return CheckCount(count, expected);
  }

  absl::Status CheckCount(int64_t count, int64_t expected) const {
    if (count == expected) return absl::OkStatus();
    return WrongValue(tokens_,
                      StrCat("comes after a list of ", count, " values, but the tensor's shape needs ", expected));
  }

  Tokens& tokens_;
  const std::span<const int64_t> shape_;
  std::string& out_;
};

template <typename Element>
absl::Status ReadAs(Tokens& tokens, std::span<const int64_t> shape, int64_t elements, size_t size, std::string& out) {
  // A shape may promise more than the text can hold: an element takes two tokens at least.
  const size_t possible = (tokens.count() - tokens.Mark()) / 2 + 1;
  out.reserve(out.size() + std::min(static_cast<size_t>(elements), possible) * size);
  return DataReader<Element>(tokens, shape, out).Read(elements);
}

template <typename T, typename Append>
void WriteValues(std::string_view data, std::string& out, Append append) {
  out.push_back('[');
  for (size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + at, sizeof value);
    if (at > 0) out.push_back(',');
    append(value, out);
  }
  out.push_back(']');
}

template <typename T>
void WriteWhole(std::string_view data, std::string& out) {
  using Wide = std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>;
  WriteValues<T>(data, out, [](T value, std::string& to) { json::AppendInteger(Wide{value}, to); });
}

absl::Status WriteBytes(std::string_view data, std::string& out) {
  out.push_back('[');
  while (data.size() >= sizeof(uint32_t)) {
    uint32_t length = 0;
    std::memcpy(&length, data.data(), sizeof length);
    const std::string_view element = data.substr(sizeof length, length);
    data.remove_prefix(sizeof length + element.size());
    if (!IsUtf8(element)) {
      return Error(Reason::INVALID_REQUEST,
                   "an output of BYTES is not UTF-8, which JSON cannot carry; request binary_data");
    }
    if (out.back() != '[') out.push_back(',');
    json::AppendQuoted(element, out);
  }
  out.push_back(']');
  return absl::OkStatus();
}

}  // namespace

std::optional<int64_t> ElementsOf(std::span<const int64_t> shape) {
  int64_t product = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(product, dim, &product)) return std::nullopt;
  }
  return product <= int64_t{1} << 62 ? std::optional(product) : std::nullopt;
}

absl::Status ReadData(Tokens& tokens, DType type, std::span<const int64_t> shape, std::string& out) {
  const auto elements = ElementsOf(shape);
  if (!elements) return WrongValue(tokens, "belongs to a tensor with an invalid shape");
  const auto read = [&]<typename Element>(Element) {
    return ReadAs<Element>(tokens, shape, *elements, SizeOf(type), out);
  };
  switch (type) {
    case DType::kBool: return read(Bool());
    case DType::kUint8: return read(Whole<uint8_t>());
    case DType::kUint16: return read(Whole<uint16_t>());
    case DType::kUint32: return read(Whole<uint32_t>());
    case DType::kUint64: return read(Whole<uint64_t>());
    case DType::kInt8: return read(Whole<int8_t>());
    case DType::kInt16: return read(Whole<int16_t>());
    case DType::kInt32: return read(Whole<int32_t>());
    case DType::kInt64: return read(Whole<int64_t>());
    case DType::kFp16: return read(Short<HalfFromFloat, FloatFromHalf>());
    case DType::kFp32: return read(Fp32());
    case DType::kFp64: return read(Fp64());
    case DType::kBf16: return read(Short<Bf16FromFloat, FloatFromBf16>());
    case DType::kBytes: return read(Bytes());
  }
  return absl::OkStatus();
}

absl::Status WriteData(std::string_view data, DType type, std::string& out) {
  switch (type) {
    case DType::kBool:
      WriteValues<uint8_t>(data, out, [](uint8_t value, std::string& to) { to += value != 0 ? "true" : "false"; });
      break;
    case DType::kUint8: WriteWhole<uint8_t>(data, out); break;
    case DType::kUint16: WriteWhole<uint16_t>(data, out); break;
    case DType::kUint32: WriteWhole<uint32_t>(data, out); break;
    case DType::kUint64: WriteWhole<uint64_t>(data, out); break;
    case DType::kInt8: WriteWhole<int8_t>(data, out); break;
    case DType::kInt16: WriteWhole<int16_t>(data, out); break;
    case DType::kInt32: WriteWhole<int32_t>(data, out); break;
    case DType::kInt64: WriteWhole<int64_t>(data, out); break;
    case DType::kFp16:
      WriteValues<uint16_t>(data, out, [](uint16_t v, std::string& to) { json::AppendFloat(FloatFromHalf(v), to); });
      break;
    case DType::kBf16:
      WriteValues<uint16_t>(data, out, [](uint16_t v, std::string& to) { json::AppendFloat(FloatFromBf16(v), to); });
      break;
    case DType::kFp32: WriteValues<float>(data, out, json::AppendFloat); break;
    case DType::kFp64: WriteValues<double>(data, out, json::AppendDouble); break;
    case DType::kBytes: return WriteBytes(data, out);
  }
  return absl::OkStatus();
}

}  // namespace sluice::oip
