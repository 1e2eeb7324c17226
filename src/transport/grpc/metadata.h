// gRPC metadata on HTTP/2 header fields: what gRPC keeps for itself, binary values, percent-encoded messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::grpc {

// Names that an application's metadata must not use ("grpc-…", content-type, te, pseudo-headers, …).
bool IsReservedName(std::string_view name);

// Of fields whose name ends in "-bin": base64 without padding, as gRPC implementations prefer.
std::string EncodeBinary(std::string_view bytes);
// With or without padding. Nothing when it is not base64.
std::optional<std::string> DecodeBinary(std::string_view text);

// grpc-message: bytes outside printable ASCII, and '%', as %XX. Broken UTF-8 stays as it is: clients decode leniently.
std::string PercentEncode(std::string_view text);
std::string PercentDecode(std::string_view text);

}  // namespace sluice::grpc
