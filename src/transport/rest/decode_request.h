// A complete REST body into the method's request message. Pure; runs on a worker when the body is large.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "base/decode_memory.h"
#include "call/method.h"
#include "json/reader.h"
#include "transport/body_collector.h"
#include "transport/rest/request_body.h"
#include "transport/rest/router.h"

namespace sluice::rest {

// Decoding takes long enough to leave the loop: JSON above this many bytes, and almost all that is gzip. Raw images are
// only moved.
inline constexpr size_t kChoreBytes = 64 << 10;
bool IsChore(const Method& method, const RequestBody& body);

// A message that is all JSON: transport::ParseProto's counterpart.
absl::StatusOr<MessagePtr> ParseJson(const Method& method, std::string_view json, DecodeMemory& memory);

// How such a message is read.
json::ReadOptions ReadOptionsFor(const Method& method, DecodeMemory& memory);

// By content type: JSON, a raw body that fills MethodOptions::raw_body_field, or multipart/form-data whose parts are
// fields. Errors: INVALID_BODY, UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, OVERLOADED, INVALID_REQUEST; CANCELLED by
// `stop`.
absl::StatusOr<MessagePtr> DecodeRequest(const Method& method, const RouteMatch& route, RequestBody body,
                                         DecodeMemory& memory, const std::stop_token& stop = {});
// The same, for a collector.
transport::BodyDecoding DecodingOf(const Method& method, RouteMatch route, RequestBody body);

}  // namespace sluice::rest
