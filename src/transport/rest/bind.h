// A REST request into the method's request message: body, then query, then path variables.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "json/reader.h"
#include "transport/rest/query.h"
#include "transport/rest/router.h"

namespace sluice::rest {

struct BindInput {
  std::string_view query = {};  // after '?', may be empty
  std::string_view body = {};   // JSON; empty when there is none
};

struct BindOptions {
  json::ReadOptions json;
  QueryOptions query;
};

// Fills `out` by the rules of google.api.http. A body where the binding has none, and a query where the body takes all
// fields, are errors (`options.query.ignore_unknown` lets the latter pass unread). An empty body counts as no fields.
absl::Status BindRequest(const RouteMatch& match, const BindInput& input, google::protobuf::Message& out,
                         const BindOptions& options = {});

// Only the path variables and the query: for requests whose body is not JSON (a raw image, multipart).
// `match.binding`'s body rule is not looked at, so every field may come in the query.
absl::Status BindUrl(const RouteMatch& match, std::string_view query, google::protobuf::Message& out,
                     const QueryOptions& options = {});

}  // namespace sluice::rest
