// Small ONNX nets for tests, written as protobuf bytes by hand.
//
//   Net net;
//   net.Input("x", kFloat, {"n", "3"}).Node("Relu", {"x"}, {"y"}).Output("y", kFloat, {"n", "3"});
//   auto files = FilesOf(net.Bytes());
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_files.h"
#include "engine/onnx/graph.h"

namespace sluice::onnx::testing {

using Type = ElementType;

inline std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
  return out;
}
inline std::string Field(int number, std::string_view bytes) {
  return Varint(static_cast<uint64_t>(number) << 3 | 2) + Varint(bytes.size()).append(bytes);
}
inline std::string Field(int number, int64_t value) {
  return Varint(static_cast<uint64_t>(number) << 3) + Varint(static_cast<uint64_t>(value));
}

// Attributes of a node.
inline std::string Int(std::string_view name, int64_t value) { return Field(1, name) + Field(3, value) + Field(20, 2); }
inline std::string Text(std::string_view name, std::string_view value) {
  return Field(1, name) + Field(4, value) + Field(20, 3);
}
inline std::string Ints(std::string_view name, std::initializer_list<int64_t> values) {
  std::string out = Field(1, name) + Field(20, 7);
  for (const int64_t value : values) out += Field(8, value);
  return out;
}
inline std::string GraphAttribute(std::string_view name, std::string_view graph) {
  return Field(1, name) + Field(6, graph) + Field(20, 5);
}
inline std::string TensorAttribute(std::string_view name, std::string_view tensor) {
  return Field(1, name) + Field(5, tensor) + Field(20, 4);
}

template <typename T>
std::string TensorBytes(std::string_view name, Type type, std::initializer_list<int64_t> shape,
                        const std::vector<T>& values) {
  std::string out;
  for (const int64_t dim : shape) out += Field(1, dim);
  return out + Field(2, int64_t{type}) + Field(8, name) +
         Field(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

// A dimension is a number, a symbol, or "" when it is open and has none.
using Dimensions = std::vector<std::string>;

class Net {
 public:
  // 0: the file imports none.
  explicit Net(int opset = 17) : opset_(opset) {}

  Net& Input(std::string_view name, Type type, const Dimensions& shape) {
    return Add(11, ValueInfo(name, type, shape));
  }
  Net& Output(std::string_view name, Type type, const Dimensions& shape) {
    return Add(12, ValueInfo(name, type, shape));
  }
  // Without a rank.
  Net& OutputOfAnyShape(std::string_view name, Type type) {
    return Add(12, Field(1, name) + Field(2, Field(1, Field(1, int64_t{type}))));
  }
  Net& InputOfAnyShape(std::string_view name, Type type) {
    return Add(11, Field(1, name) + Field(2, Field(1, Field(1, int64_t{type}))));
  }
  Net& Node(std::string_view op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
            const std::vector<std::string>& attributes = {}, std::string_view domain = "", std::string_view name = "") {
    std::string node;
    for (const std::string& input : inputs) node += Field(1, input);
    for (const std::string& output : outputs) node += Field(2, output);
    if (!name.empty()) node += Field(3, name);
    node += Field(4, op);
    for (const std::string& attribute : attributes) node += Field(5, attribute);
    if (!domain.empty()) node += Field(7, domain);
    return Add(1, node);
  }
  template <typename T>
  Net& Constant(std::string_view name, Type type, std::initializer_list<int64_t> shape, const std::vector<T>& values) {
    return Add(5, TensorBytes(name, type, shape, values));
  }
  // A part of the graph as it is.
  Net& Add(int field, std::string_view bytes) {
    graph_ += Field(field, bytes);
    return *this;
  }
  // A part of the model: a function (25), another opset (8).
  Net& AddToModel(int field, std::string_view bytes) {
    model_ += Field(field, bytes);
    return *this;
  }

  // Of the graph alone, for a branch or loop.
  std::string GraphBytes() const { return Field(2, "net") + graph_; }
  std::string Bytes() const {
    const std::string opset = opset_ > 0 ? Field(8, Field(2, int64_t{opset_})) : "";
    return Field(1, int64_t{8}) + opset + model_ + Field(7, GraphBytes());
  }

  static std::string ValueInfo(std::string_view name, Type type, const Dimensions& shape) {
    std::string dimensions;
    for (const std::string& dimension : shape) {
      const bool number = !dimension.empty() && dimension.find_first_not_of("0123456789") == std::string::npos;
      dimensions += Field(1, dimension.empty() ? std::string()
                             : number          ? Field(1, int64_t{std::stoll(dimension)})
                                               : Field(2, dimension));
    }
    return Field(1, name) + Field(2, Field(1, Field(1, int64_t{type}) + Field(2, dimensions)));
  }

 private:
  const int opset_;
  std::string graph_, model_;
};

// As ModelFiles::Read gives them. The first is the model; the others are weights that it names.
inline std::shared_ptr<const ModelFiles> FilesOf(std::string_view model,
                                                 const std::vector<std::pair<std::string, std::string>>& others = {}) {
  std::vector<std::string> names = {"model.onnx"};
  std::vector<UniqueFd> fds;
  const auto add = [&fds](std::string_view bytes) {
    UniqueFd fd(memfd_create("net", MFD_CLOEXEC));
    if (write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
    fds.push_back(std::move(fd));
  };
  add(model);
  for (const auto& [name, bytes] : others) {
    names.push_back(name);
    add(bytes);
  }
  return *ModelFiles::FromDescriptors(std::move(names), std::move(fds));
}

}  // namespace sluice::onnx::testing
