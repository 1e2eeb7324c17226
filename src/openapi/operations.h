// The operations of the document: each google.api.http rule of each method, with its path as OpenAPI writes it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "call/method.h"
#include "json/http_rule.h"

namespace sluice::openapi {

struct PathParameter {
  std::string name;
  const google::protobuf::FieldDescriptor* field = nullptr;  // null: a '*' that fills no field, or a part of one
  bool rest = false;                                         // '**': its slashes are sent as they are
};

struct Operation {
  const Method* method = nullptr;
  json::Binding binding;
  std::string id;    // "ImageRecognition_Recognize"; further rules of a method get "_2", "_3"
  std::string verb;  // "post"
  std::vector<PathParameter> parameters;
};

// "/v1/{name=models/*}:load" is "/v1/models/{name}:load".
struct PathItem {
  std::string path;
  std::vector<Operation> operations;
};

// In the order of the table. Rules with a verb that OpenAPI does not know are left out. Wrong rules, too: the REST
// codec ends the process for them.
std::deque<PathItem> OperationsOf(const MethodTable& methods);

}  // namespace sluice::openapi
