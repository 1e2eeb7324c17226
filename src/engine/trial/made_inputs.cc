#include "engine/trial/made_inputs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <type_traits>

#include "engine/bytes.h"
#include "engine/shape.h"

namespace sluice::trial {
namespace {

constexpr int64_t kElementsMax = int64_t{64} << 20;

// Of an open dimension that is not the first, where nothing says more: an image's side, or some steps of a sequence.
int64_t Common(size_t rank) { return rank == 4 ? 224 : 16; }

// The same numbers in every process.
uint32_t Mix(size_t index, size_t i) {
  uint32_t x = static_cast<uint32_t>(i * 2654435761U) ^ static_cast<uint32_t>(index * 40503U + 12345U);
  x ^= x >> 15;
  x *= 2246822519U;
  return x ^ (x >> 13);
}

template <typename T>
T IntegerAt(Values values, size_t index, size_t i) {
  using Limits = std::numeric_limits<T>;
  const bool turn = (index % 2 == 0) == (values == Values::kLeast);
  switch (values) {
    case Values::kZeros: return 0;
    case Values::kOnes: return 1;
    case Values::kMixed:
      return static_cast<T>(sizeof(T) == 1 && !Limits::is_signed ? Mix(index, i) : Mix(index, i) & 1);
    case Values::kWide: return static_cast<T>(sizeof(T) == 8 ? (uint64_t{1} << 40) + 1 + i % 1000 : 1);
    case Values::kFar: return sizeof(T) < 4 ? Limits::max() : static_cast<T>((1 << 20) + 7);
    case Values::kLeast:
    case Values::kMinusOne: return turn ? Limits::min() : static_cast<T>(-1);
    case Values::kMost: return Limits::max();
  }
  return 0;
}

double RealAt(Values values, size_t index, size_t i) {
  const bool turn = (index % 2 == 0) == (values == Values::kLeast);
  switch (values) {
    case Values::kZeros: return 0;
    case Values::kOnes: return 1;
    case Values::kMixed:
    case Values::kFar: return static_cast<double>(Mix(index, i) % 4096) / 4096;
    case Values::kWide: return 1 + 1e-12 * static_cast<double>(1 + i % 1000);
    case Values::kLeast:
    case Values::kMinusOne: return turn ? -1e30 : std::numeric_limits<double>::quiet_NaN();
    case Values::kMost: return std::numeric_limits<double>::infinity();
  }
  return 0;
}

uint16_t HalfOf(double value) {
  if (std::isnan(value)) return 0x7e00;
  if (std::abs(value) > 60000) return value > 0 ? 0x7c00 : 0xfc00;
  if (value == 0) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);  // [.5, 1)
  if (exponent < -13) return 0;
  const auto bits = static_cast<uint16_t>((exponent + 14) << 10 | static_cast<int>((mantissa * 2 - 1) * 1024));
  return static_cast<uint16_t>(bits | (value < 0 ? 0x8000 : 0));
}

uint16_t BfloatOf(double value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16);
}

template <typename T, typename Function>
std::string Filled(size_t count, Function at) {
  std::string bytes(count * sizeof(T), '\0');
  for (size_t i = 0; i < count; ++i) {
    const T value = at(i);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof value);
  }
  return bytes;
}

std::string Strings(size_t count, Values values) {
  const std::string_view element = values == Values::kZeros  ? ""
                                   : values == Values::kOnes ? "1"
                                   : values <= Values::kWide ? "some text"
                                                             : std::string_view("\xff\0\xfe text", 8);
  std::string bytes;
  for (size_t i = 0; i < count; ++i) AppendBytes(element, bytes);
  return bytes;
}

}  // namespace

std::string_view NameOf(Values values) {
  switch (values) {
    case Values::kZeros: return "zeros";
    case Values::kOnes: return "ones";
    case Values::kMixed: return "mixed numbers";
    case Values::kWide: return "64-bit numbers";
    case Values::kFar: return "far indices";
    case Values::kLeast: return "the smallest numbers";
    case Values::kMinusOne: return "-1 and the smallest numbers";
    case Values::kMost: return "the largest numbers";
  }
  return "";
}

std::optional<std::vector<Shape>> ShapesFor(const ModelSignature& signature, const Usual& usual) {
  std::vector<Shape> shapes;
  std::map<std::string, int64_t, std::less<>> sizes;  // by symbol
  int64_t sum = 0;
  for (const TensorSpec& spec : signature.inputs) {
    Shape shape = spec.shape;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] >= 0) continue;
      const int64_t given = i == 0 ? usual.first() : usual.others();
      int64_t size = given > 0 ? given : i == 0 ? 1 : Common(shape.size());
      if (i < spec.symbols.size() && !spec.symbols[i].empty())
        size = sizes.emplace(spec.symbols[i], size).first->second;
      shape[i] = size;
    }
    const auto elements = ElementsOf(shape);
    if (!elements || *elements > kElementsMax || (sum += *elements) > kElementsMax) return std::nullopt;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::string MakeInput(DType dtype, const Shape& shape, Values values, size_t index) {
  const auto count = static_cast<size_t>(ElementsOf(shape).value_or(0));
  const auto integers = [&]<typename T>(T) {
    return Filled<T>(count, [&](size_t i) { return IntegerAt<T>(values, index, i); });
  };
  const auto real = [&](size_t i) { return RealAt(values, index, i); };
  switch (dtype) {
    case DType::kBool:
      return Filled<uint8_t>(count, [&](size_t i) { return IntegerAt<uint8_t>(values, index, i) & 1; });
    case DType::kUint8: return integers(uint8_t{});
    case DType::kUint16: return integers(uint16_t{});
    case DType::kUint32: return integers(uint32_t{});
    case DType::kUint64: return integers(uint64_t{});
    case DType::kInt8: return integers(int8_t{});
    case DType::kInt16: return integers(int16_t{});
    case DType::kInt32: return integers(int32_t{});
    case DType::kInt64: return integers(int64_t{});
    case DType::kFp16: return Filled<uint16_t>(count, [&](size_t i) { return HalfOf(real(i)); });
    case DType::kBf16: return Filled<uint16_t>(count, [&](size_t i) { return BfloatOf(real(i)); });
    case DType::kFp32: return Filled<float>(count, [&](size_t i) { return static_cast<float>(real(i)); });
    case DType::kFp64: return Filled<double>(count, real);
    case DType::kBytes: return Strings(count, values);
  }
  return {};
}

}  // namespace sluice::trial
