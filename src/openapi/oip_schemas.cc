// The JSON of the Open Inference Protocol as transport/oip reads and writes it.
#include <string_view>
#include <utility>

#include "openapi/oip_paths.h"

namespace sluice::openapi {
namespace {

constexpr std::pair<std::string_view, std::string_view> kSchemas[] = {
    {"oip.Nothing", R"json({"type": "object", "maxProperties": 0})json"},
    {"oip.Live", R"json({
        "type": "object", "required": ["live"], "additionalProperties": false,
        "properties": {"live": {"type": "boolean"}}
      })json"},
    {"oip.ServerReady", R"json({
        "type": "object", "required": ["ready"], "additionalProperties": false,
        "properties": {"ready": {"type": "boolean"}}
      })json"},
    {"oip.ModelReady", R"json({
        "type": "object", "required": ["name", "ready"], "additionalProperties": false,
        "properties": {"name": {"type": "string"}, "ready": {"type": "boolean"}}
      })json"},
    {"oip.NotReady", R"json({
        "description": "`ready` is false, or the server could not say.",
        "anyOf": [{"type": "object", "required": ["ready"],
                   "properties": {"name": {"type": "string"}, "ready": {"const": false}}},
                  {"$ref": "#/components/schemas/oip.Error"}]
      })json"},
    {"oip.Error", R"json({
        "description": "A problem (RFC 9457), with its `detail` repeated where clients of this protocol expect it.",
        "allOf": [{"$ref": "#/components/schemas/Problem"},
                  {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}]
      })json"},
    {"oip.ServerMetadata", R"json({
        "type": "object", "required": ["name", "version", "extensions"],
        "properties": {"name": {"type": "string"}, "version": {"type": "string"},
                       "extensions": {"type": "array", "items": {"type": "string"}}}
      })json"},
    {"oip.Datatype", R"json({
        "type": "string",
        "enum": ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
                 "FP16", "FP32", "FP64", "BF16", "BYTES"]
      })json"},
    {"oip.TensorMetadata", R"json({
        "type": "object", "required": ["name", "datatype", "shape"],
        "properties": {"name": {"type": "string"}, "datatype": {"$ref": "#/components/schemas/oip.Datatype"},
                       "shape": {"type": "array", "items": {"type": "integer", "minimum": -1},
                                 "description": "-1: any size."}}
      })json"},
    {"oip.ModelMetadata", R"json({
        "type": "object", "required": ["name", "versions", "platform", "inputs", "outputs"],
        "properties": {"name": {"type": "string"}, "versions": {"type": "array", "items": {"type": "string"}},
                       "platform": {"type": "string"},
                       "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/oip.TensorMetadata"}},
                       "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/oip.TensorMetadata"}}}
      })json"},
    {"oip.ModelConfig", R"json({
        "type": "object", "required": ["name", "platform", "max_batch_size", "input", "output"],
        "properties": {"name": {"type": "string"}, "platform": {"type": "string"},
                       "max_batch_size": {"type": "integer"},
                       "input": {"type": "array", "items": {"$ref": "#/components/schemas/oip.TensorConfig"}},
                       "output": {"type": "array", "items": {"$ref": "#/components/schemas/oip.TensorConfig"}}}
      })json"},
    {"oip.TensorConfig", R"json({
        "type": "object", "required": ["name", "data_type", "dims"],
        "properties": {"name": {"type": "string"}, "data_type": {"type": "string", "examples": ["TYPE_FP32"]},
                       "dims": {"type": "array", "items": {"type": "integer"}}}
      })json"},
    {"oip.Duration", R"json({
        "type": "object", "required": ["count", "ns"],
        "properties": {"count": {"type": "integer", "minimum": 0}, "ns": {"type": "integer", "minimum": 0}}
      })json"},
    {"oip.Statistics", R"json({
        "type": "object", "required": ["model_stats"],
        "properties": {"model_stats": {"type": "array", "items": {
          "type": "object", "required": ["name", "version", "inference_count", "execution_count", "inference_stats"],
          "properties": {"name": {"type": "string"}, "version": {"type": "string"},
                         "last_inference": {"type": "integer",
                                            "description": "Milliseconds since 1970; 0: none so far."},
                         "inference_count": {"type": "integer", "minimum": 0},
                         "execution_count": {"type": "integer", "minimum": 0},
                         "inference_stats": {"type": "object", "additionalProperties": {
                           "$ref": "#/components/schemas/oip.Duration"}}}
        }}}
      })json"},
    {"oip.Parameters", R"json({
        "type": ["object", "null"], "description": "Unknown parameters are ignored, whatever JSON they are."
      })json"},
    {"oip.RequestInput", R"json({
        "type": "object", "required": ["name", "datatype", "shape"],
        "properties": {
          "name": {"type": "string", "minLength": 1}, "datatype": {"$ref": "#/components/schemas/oip.Datatype"},
          "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 64},
          "parameters": {"allOf": [{"$ref": "#/components/schemas/oip.Parameters"}],
                         "description": "`binary_data_size`: the tensor's bytes follow the JSON."},
          "data": {"type": "array", "description": ")json"
                   R"json(The elements in row-major order, flat or nested as the shape; )json"
                   R"json(numbers, booleans, or strings for BYTES."}
        }
      })json"},
    {"oip.RequestOutput", R"json({
        "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1},
                       "parameters": {"allOf": [{"$ref": "#/components/schemas/oip.Parameters"}],
                                      "description": "`binary_data`: returned as bytes after the JSON."}}
      })json"},
    {"oip.InferRequest", R"json({
        "type": "object", "required": ["inputs"],
        "properties": {
          "id": {"type": ["string", "null"], "description": "Returned in the response."},
          "parameters": {"allOf": [{"$ref": "#/components/schemas/oip.Parameters"}],
                         "description": "`binary_data_output`: all outputs as bytes; )json"
                         R"json(`timeout` in microseconds; `priority`, 1 the highest."},
          "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/oip.RequestInput"}, "maxItems": 1024},
          "outputs": {"type": ["array", "null"], "maxItems": 1024,
                      "items": {"$ref": "#/components/schemas/oip.RequestOutput"},
                      "description": "The outputs to return, in this order; all of them if absent."}
        }
      })json"},
    {"oip.InferResponse", R"json({
        "type": "object", "required": ["model_name", "model_version", "outputs"],
        "properties": {
          "model_name": {"type": "string"}, "model_version": {"type": "string"}, "id": {"type": "string"},
          "parameters": {"$ref": "#/components/schemas/oip.Parameters"},
          "outputs": {"type": "array", "items": {
            "type": "object", "required": ["name", "datatype", "shape"],
            "properties": {"name": {"type": "string"}, "datatype": {"$ref": "#/components/schemas/oip.Datatype"},
                           "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                           "parameters": {"$ref": "#/components/schemas/oip.Parameters"},
                           "data": {"type": "array", "description": "Flat, in row-major order."}}
          }}
        }
      })json"},
    {"oip.IndexRequest", R"json({
        "type": "object",
        "properties": {"ready": {"type": ["boolean", "null"], "description": "Only models that are serving."}}
      })json"},
    {"oip.RepositoryIndex", R"json({
        "type": "array", "items": {
          "type": "object", "required": ["name", "version", "state", "reason"],
          "properties": {"name": {"type": "string"}, "version": {"type": "string"},
                         "state": {"type": "string"}, "reason": {"type": "string"}}
        }
      })json"},
    {"oip.ChangeRequest", R"json({
        "type": "object", "properties": {"parameters": {
          "type": ["object", "null"], "additionalProperties": false,
          "properties": {"unload_dependents": {"description": "Ignored."}}
        }}
      })json"},
};

}  // namespace

void WriteOipSchemas(JsonOut& out) {
  for (const auto& [name, schema] : kSchemas) out.Raw(name, schema);
}

}  // namespace sluice::openapi
