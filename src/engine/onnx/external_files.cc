#include "engine/onnx/external_files.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "engine/onnx/wire.h"

namespace sluice::onnx {
namespace {

constexpr int kDepthMax = 64;
constexpr size_t kFilesMax = 10'000;

// Where a field of one message leads on the way to a TensorProto.
enum class Kind { kModel, kGraph, kNode, kFunction, kAttribute, kSparseTensor, kTensor, kEntry, kOther };

Kind KindOf(Kind parent, uint32_t field) {
  switch (parent) {
    case Kind::kModel: return field == 7 ? Kind::kGraph : field == 25 ? Kind::kFunction : Kind::kOther;
    case Kind::kGraph:
      return field == 1 ? Kind::kNode : field == 5 ? Kind::kTensor : field == 15 ? Kind::kSparseTensor : Kind::kOther;
    case Kind::kFunction: return field == 7 ? Kind::kNode : Kind::kOther;
    case Kind::kNode: return field == 5 ? Kind::kAttribute : Kind::kOther;
    case Kind::kAttribute:
      if (field == 5 || field == 10) return Kind::kTensor;
      if (field == 6 || field == 11) return Kind::kGraph;
      return field == 22 || field == 23 ? Kind::kSparseTensor : Kind::kOther;
    case Kind::kSparseTensor: return field == 1 || field == 2 ? Kind::kTensor : Kind::kOther;
    case Kind::kTensor: return field == 13 ? Kind::kEntry : Kind::kOther;
    default: return Kind::kOther;
  }
}

class Walk {
 public:
  absl::Status Visit(std::string_view bytes, Kind kind, int depth) {
    if (depth > kDepthMax) return absl::InvalidArgumentError("the model file nests too deeply");
    if (kind == Kind::kEntry) return Entry(bytes);
    WireReader reader(bytes);
    while (reader.Next()) {
      const Kind child = reader.is_bytes ? KindOf(kind, reader.number) : Kind::kOther;
      if (child == Kind::kOther) continue;
      if (absl::Status status = Visit(reader.bytes, child, depth + 1); !status.ok()) return status;
    }
    return reader.ok() ? absl::OkStatus() : absl::InvalidArgumentError("the model file is damaged or not an ONNX file");
  }
  std::vector<std::string> names;

 private:
  // A StringStringEntryProto: key = 1, value = 2.
  absl::Status Entry(std::string_view bytes) {
    WireReader reader(bytes);
    std::string_view key, value;
    while (reader.Next()) {
      if (reader.is_bytes) (reader.number == 1 ? key : value) = reader.bytes;
    }
    if (key != "location" || !seen_.insert(std::string(value)).second) return absl::OkStatus();
    if (names.size() == kFilesMax) return absl::InvalidArgumentError("the model refers to too many weight files");
    names.emplace_back(value);
    return absl::OkStatus();
  }

  std::set<std::string> seen_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ExternalFiles(std::string_view model) {
  Walk walk;
  if (absl::Status status = walk.Visit(model, Kind::kModel, 0); !status.ok()) return status;
  return std::move(walk.names);
}

}  // namespace sluice::onnx
