#include "api/open_inference/contents.h"

#include <limits>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

using inference::InferTensorContents;

// The field of InferTensorContents that holds the values of a datatype; null for those that have none.
const char* FieldFor(DType dtype) {
  switch (dtype) {
    case DType::kBool: return "bool_contents";
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32: return "int_contents";
    case DType::kInt64: return "int64_contents";
    case DType::kUint8:
    case DType::kUint16:
    case DType::kUint32: return "uint_contents";
    case DType::kUint64: return "uint64_contents";
    case DType::kFp32: return "fp32_contents";
    case DType::kFp64: return "fp64_contents";
    case DType::kBytes: return "bytes_contents";
    default: return nullptr;
  }
}

// Values of all fields together.
int ValuesOf(const InferTensorContents& c) {
  return c.bool_contents_size() + c.int_contents_size() + c.int64_contents_size() + c.uint_contents_size() +
         c.uint64_contents_size() + c.fp32_contents_size() + c.fp64_contents_size() + c.bytes_contents_size();
}

absl::Status Wrong(std::string_view input, std::string_view problem) {
  return FieldError(Reason::INVALID_REQUEST, input, StrCat("contents of input '", input, "' ", problem));
}

template <typename T>
std::string Copy(const google::protobuf::RepeatedField<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), static_cast<size_t>(values.size()) * sizeof(T)};
}

template <typename To, typename From>
absl::StatusOr<std::string> Narrow(const google::protobuf::RepeatedField<From>& values, std::string_view input) {
  std::string bytes(static_cast<size_t>(values.size()) * sizeof(To), '\0');
  To* out = reinterpret_cast<To*>(bytes.data());
  for (const From value : values) {
    if (value < std::numeric_limits<To>::min() || value > std::numeric_limits<To>::max()) {
      return Wrong(input, StrCat("contain ", value, ", which does not fit its datatype"));
    }
    *out++ = static_cast<To>(value);
  }
  return bytes;
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& elements) {
  std::string bytes;
  for (const std::string& element : elements) AppendBytes(element, bytes);
  return bytes;
}

absl::StatusOr<std::string> Convert(const InferTensorContents& c, DType dtype, std::string_view input) {
  switch (dtype) {
    case DType::kBool: return Copy(c.bool_contents());
    case DType::kInt8: return Narrow<int8_t>(c.int_contents(), input);
    case DType::kInt16: return Narrow<int16_t>(c.int_contents(), input);
    case DType::kInt32: return Copy(c.int_contents());
    case DType::kInt64: return Copy(c.int64_contents());
    case DType::kUint8: return Narrow<uint8_t>(c.uint_contents(), input);
    case DType::kUint16: return Narrow<uint16_t>(c.uint_contents(), input);
    case DType::kUint32: return Copy(c.uint_contents());
    case DType::kUint64: return Copy(c.uint64_contents());
    case DType::kFp32: return Copy(c.fp32_contents());
    case DType::kFp64: return Copy(c.fp64_contents());
    default: return Join(c.bytes_contents());
  }
}

int64_t CountOf(std::string_view bytes, DType dtype) {
  return dtype == DType::kBytes ? CountBytes(bytes).value_or(0) : static_cast<int64_t>(bytes.size() / SizeOf(dtype));
}

}  // namespace

absl::StatusOr<std::string> BytesOf(const InferTensorContents& contents, DType dtype, std::string_view input) {
  const char* const field = FieldFor(dtype);
  if (field == nullptr) {
    return Wrong(input, StrCat("cannot hold ", NameOf(dtype), "; send it in raw_input_contents"));
  }
  ASSIGN_OR_RETURN(std::string bytes, Convert(contents, dtype, input));
  if (CountOf(bytes, dtype) == ValuesOf(contents)) return bytes;
  return Wrong(input, StrCat("are in a field that is not its datatype's; ", NameOf(dtype), " takes ", field));
}

}  // namespace sluice
