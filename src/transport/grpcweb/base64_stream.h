// Base64 in pieces that are cut anywhere, possibly several padded texts one after another, as gRPC-Web text bodies are.
#pragma once

#include <string>
#include <string_view>

namespace sluice::grpcweb {

class Base64Stream {
 public:
  // Appends what `text` completes. False: it is not base64, from a group on whose bytes are the first that are missing.
  bool Decode(std::string_view text, std::string& out);
  // Characters of an incomplete group have come.
  bool mid_group() const { return !carry_.empty(); }

 private:
  bool DecodeGroups(std::string_view groups, std::string& out);

  std::string carry_;  // at most three characters
};

}  // namespace sluice::grpcweb
