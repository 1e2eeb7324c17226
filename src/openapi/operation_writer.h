// One operation of the document: parameters, bodies it takes, answers it gives.
#pragma once

#include "openapi/comments.h"
#include "openapi/json_out.h"
#include "openapi/operations.h"
#include "openapi/schema.h"

namespace sluice::openapi {

class OperationWriter {
 public:
  // All outlive this object.
  OperationWriter(const Comments& comments, Schemas& schemas, JsonOut& out)
      : comments_(comments), schemas_(schemas), out_(out) {}

  void Write(const Operation& operation);

 private:
  void WriteParameters(const Operation& operation);
  void WriteQueryParameter(const google::protobuf::FieldDescriptor& field, const std::string& name, bool body_wins);
  void WriteQueryParameters(const Operation& operation, const google::protobuf::Descriptor& message,
                            const std::string& prefix, int depth);
  void WriteRequestBody(const Operation& operation);
  void WriteJsonBody(const Operation& operation);
  void WriteRawBodies(const Operation& operation);
  void WriteMultipart(const Operation& operation);
  void WriteResponses(const Operation& operation);
  void WriteAnswer(const Operation& operation);
  void WriteAnswerSchema(const Operation& operation);

  const Comments& comments_;
  Schemas& schemas_;
  JsonOut& out_;
};

}  // namespace sluice::openapi
