#include "engine/onnx/graph.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "engine/onnx/wire.h"

namespace sluice::onnx {
namespace {

constexpr size_t kAttributesMax = 256;

absl::Status Damaged() { return absl::InvalidArgumentError("the model file is damaged or not an ONNX file"); }

// Reads messages into structs; false as soon as something is wrong. Field numbers: onnx.proto of ONNX 1.23.
class Reader {
 public:
  explicit Reader(ReadBudget& budget) : budget_(budget) {}

  bool Read(std::string_view message, Model& model) {
    WireReader field(message);
    while (field.Next()) {
      if (field.number == 1 && !field.is_bytes) model.ir_version = static_cast<int64_t>(field.value);
      if (!field.is_bytes) continue;
      if (field.number == 7 && !Read(field.bytes, model.graph)) return false;
      if (field.number == 8 && !ReadOpset(field.bytes, model)) return false;
      if (field.number == 25 && !Append(field.bytes, model.functions)) return false;
    }
    return field.ok();
  }

  bool Read(std::string_view message, Graph& graph) {
    return ForEach(message, [&](uint32_t number, std::string_view bytes) {
      switch (number) {
        case 1: return Append(bytes, graph.nodes);
        case 5: return Append(bytes, graph.initializers);
        case 11: return Append(bytes, graph.inputs);
        case 12: return Append(bytes, graph.outputs);
        case 13: return Append(bytes, graph.values);
        case 15: return AppendSparse(bytes, graph.sparse_initializers);
        default: return true;
      }
    });
  }

  bool Read(std::string_view message, Function& function) {
    return ForEach(message, [&](uint32_t number, std::string_view bytes) {
      switch (number) {
        case 1: return function.name = bytes, true;
        case 4: return AppendName(bytes, function.inputs);
        case 5: return AppendName(bytes, function.outputs);
        case 7: return Append(bytes, function.nodes);
        case 10: return function.domain = bytes, true;
        case 11: return Append(bytes, function.defaults);
        default: return true;
      }
    });
  }

  bool Read(std::string_view message, Node& node) {
    node.message = message;
    return ForEach(message, [&](uint32_t number, std::string_view bytes) {
      switch (number) {
        case 1: return AppendName(bytes, node.inputs);
        case 2: return AppendName(bytes, node.outputs);
        case 3: return node.name = bytes, true;
        case 4: return node.op = bytes, true;
        case 5: return Append(bytes, node.attributes);
        case 7: return node.domain = bytes, true;
        default: return true;
      }
    });
  }

  bool Read(std::string_view message, Attribute& attribute) {
    WireReader field(message);
    while (field.Next()) {
      switch (field.number) {
        case 1: attribute.name = field.bytes; break;
        case 3: attribute.i = static_cast<int64_t>(field.value); break;
        case 5:
          if (!Once(field.bytes, attribute.tensor)) return false;
          break;
        case 6:
          if (!Once(field.bytes, attribute.graph)) return false;
          break;
        case 8:
          if (!AppendNumbers(field, attribute.ints)) return false;
          break;
        case 21: attribute.of_function = field.bytes; break;
        default: break;
      }
    }
    return field.ok();
  }

  bool Read(std::string_view message, Tensor& tensor) {
    tensor.message = message;
    WireReader field(message);
    while (field.Next()) {
      if (field.number == 1) tensor.rank += field.is_bytes ? CountVarints(field.bytes) : 1;
      if (field.number == 2 && !field.is_bytes) tensor.type = static_cast<int32_t>(field.value);
      if (field.number == 8 && field.is_bytes) tensor.name = field.bytes;
    }
    return field.ok();
  }

  // ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1; TypeProto.Tensor: elem_type = 1, shape = 2.
  bool Read(std::string_view message, ValueInfo& value) {
    return ForEach(message, 1, [&](std::string_view name) { return value.name = name, true; }) &&
           ForEach(message, 2, [&](std::string_view type) {
             return ForEach(type, 1, [&](std::string_view tensor) { return ReadTensorType(tensor, value); });
           });
  }

 private:
  bool Spend() { return budget_.left-- > 0; }

  template <typename T>
  bool Append(std::string_view message, std::vector<T>& to) {
    // They are looked for by name, one after the other; no operator has a tenth of these.
    if (std::is_same_v<T, Attribute> && to.size() == kAttributesMax) return false;
    return Spend() && Read(message, to.emplace_back());
  }
  bool AppendName(std::string_view name, std::vector<std::string_view>& to) {
    to.push_back(name);
    return Spend();
  }
  // Numbers one by one, or packed.
  bool AppendNumbers(const WireReader& field, std::vector<int64_t>& to) {
    if (!field.is_bytes) {
      to.push_back(static_cast<int64_t>(field.value));
      return Spend();
    }
    uint64_t number = 0;
    for (std::string_view packed = field.bytes; !packed.empty(); to.push_back(static_cast<int64_t>(number))) {
      if (!Spend() || !WireReader::TakeVarint(packed, number)) return false;
    }
    return true;
  }
  // Protobuf would merge the two; no writer makes two, and a reader that took one would miss the other.
  static bool Once(std::string_view message, std::string_view& to) {
    if (to.data() != nullptr) return false;
    to = message;
    return true;
  }
  static size_t CountVarints(std::string_view packed) {
    size_t count = 0;
    for (uint64_t value = 0; WireReader::TakeVarint(packed, value);) ++count;
    return count;
  }
  // SparseTensorProto: values = 1, which carries the name.
  bool AppendSparse(std::string_view message, std::vector<std::string_view>& to) {
    return ForEach(message, 1, [&](std::string_view values) {
      Tensor tensor;
      return Read(values, tensor) && AppendName(tensor.name, to);
    });
  }
  // OperatorSetIdProto: domain = 1, version = 2.
  static bool ReadOpset(std::string_view message, Model& model) {
    WireReader field(message);
    std::string_view domain;
    int64_t version = 0;
    while (field.Next()) {
      if (field.number == 1) domain = field.bytes;
      if (field.number == 2) version = static_cast<int64_t>(field.value);
    }
    if (domain.empty() || domain == "ai.onnx") model.opset = version;
    return field.ok();
  }
  bool ReadTensorType(std::string_view message, ValueInfo& value) {
    WireReader field(message);
    while (field.Next()) {
      if (field.number == 1 && !field.is_bytes) value.type = static_cast<int32_t>(field.value);
      if (field.number != 2 || !field.is_bytes) continue;
      value.has_shape = true;
      if (!ForEach(field.bytes, 1, [&](std::string_view dim) { return ReadDimension(dim, value); })) return false;
    }
    return field.ok();
  }
  // TensorShapeProto.Dimension: dim_value = 1, dim_param = 2.
  bool ReadDimension(std::string_view message, ValueInfo& value) {
    if (!Spend()) return false;
    Dimension& dimension = value.dimensions.emplace_back();
    WireReader field(message);
    while (field.Next()) {
      if (field.number == 1 && !field.is_bytes)
        dimension.size = std::max<int64_t>(static_cast<int64_t>(field.value), -1);
      if (field.number == 2 && field.is_bytes) dimension.symbol = field.bytes;
    }
    return field.ok();
  }
  // Each field that is bytes, until `visit` is false.
  template <typename Visit>
  static bool ForEach(std::string_view message, const Visit& visit) {
    WireReader field(message);
    while (field.Next()) {
      if (field.is_bytes && !visit(field.number, field.bytes)) return false;
    }
    return field.ok();
  }
  // Those of one number.
  template <typename Visit>
  static bool ForEach(std::string_view message, uint32_t wanted, const Visit& visit) {
    return ForEach(message, [&](uint32_t number, std::string_view bytes) { return number != wanted || visit(bytes); });
  }

  ReadBudget& budget_;
};

template <typename T>
absl::StatusOr<T> ReadAs(std::string_view message, ReadBudget& budget) {
  T read;
  if (Reader(budget).Read(message, read)) return read;
  if (budget.left < 0) return absl::InvalidArgumentError("the model has too many parts");
  return Damaged();
}

}  // namespace

const Attribute* Node::Find(std::string_view attribute) const {
  const auto it =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return a.name == attribute; });
  return it == attributes.end() ? nullptr : &*it;
}

absl::StatusOr<Model> ReadModel(std::string_view bytes, ReadBudget& budget) { return ReadAs<Model>(bytes, budget); }
absl::StatusOr<Graph> ReadGraph(std::string_view message, ReadBudget& budget) { return ReadAs<Graph>(message, budget); }

absl::StatusOr<Tensor> ReadTensor(std::string_view message) {
  ReadBudget budget;
  return ReadAs<Tensor>(message, budget);
}

}  // namespace sluice::onnx
