// An .onnx file's graph as lists of views, read without copying names, weights or nested graphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::onnx {

// ONNX's numbers of element types (TensorProto.DataType).
enum ElementType : int32_t {
  kUnknownType = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
};

struct Dimension {
  int64_t size = -1;        // -1: open
  std::string_view symbol;  // of an open one; may be empty
};

// What is said of an input, an output or a value in between.
struct ValueInfo {
  std::string_view name;
  int32_t type = kUnknownType;
  bool has_shape = false;
  std::vector<Dimension> dimensions;
};

struct Tensor {
  std::string_view name;
  int32_t type = kUnknownType;
  size_t rank = 0;
  std::string_view message;  // TensorProto
};

struct Attribute {
  std::string_view name;
  std::string_view of_function;  // its value is that of the function's attribute of this name
  int64_t i = 0;
  std::string_view tensor, graph;  // messages
  std::vector<int64_t> ints;
};

struct Node {
  std::string_view message;  // NodeProto
  std::string_view op, domain, name;
  std::vector<std::string_view> inputs, outputs;
  std::vector<Attribute> attributes;

  // Null when it has no input of this name.
  const Attribute* Find(std::string_view attribute) const;
  // An operator of ONNX itself.
  bool Is(std::string_view standard_op) const { return op == standard_op && (domain.empty() || domain == "ai.onnx"); }
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<std::string_view> sparse_initializers;  // their names
  std::vector<ValueInfo> inputs, outputs, values;
};

struct Function {
  std::string_view name, domain;
  std::vector<std::string_view> inputs, outputs;
  std::vector<Attribute> defaults;
  std::vector<Node> nodes;
};

struct Model {
  int64_t ir_version = 0;
  // Of ONNX's own operators. A file that imports none has their newest: that of a few operators of other domains.
  int64_t opset = INT64_MAX;
  Graph graph;
  std::vector<Function> functions;
};

// How much may still be read: nodes, names, attributes … of all graphs of a file together. A few bytes of a file make
// one.
struct ReadBudget {
  int64_t left = 4'000'000;
};

// Views into `bytes`. INVALID_ARGUMENT for bytes that are not an ONNX file, or when the budget ends.
absl::StatusOr<Model> ReadModel(std::string_view bytes, ReadBudget& budget);
absl::StatusOr<Graph> ReadGraph(std::string_view message, ReadBudget& budget);

absl::StatusOr<Tensor> ReadTensor(std::string_view message);

}  // namespace sluice::onnx
