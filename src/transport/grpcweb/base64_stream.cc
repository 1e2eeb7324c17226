#include "transport/grpcweb/base64_stream.h"

#include <algorithm>

#include "json/base64.h"

namespace sluice::grpcweb {

namespace {

// Up to the group that is none: what comes out does not depend on where the stream was cut.
bool DecodeOneByOne(std::string_view groups, std::string& out) {
  for (; !groups.empty(); groups.remove_prefix(4)) {
    const size_t before = out.size();
    if (json::Base64Decode(groups.substr(0, 4), out)) continue;
    out.resize(before);
    return false;
  }
  return true;
}

}  // namespace

// `groups` are whole groups of four characters. Padding ends one text; the next begins with the next group.
bool Base64Stream::DecodeGroups(std::string_view groups, std::string& out) {
  while (!groups.empty()) {
    const size_t padding = std::min(groups.find('='), groups.size());
    const size_t end = std::min((padding / 4 + 1) * 4, groups.size());
    const size_t before = out.size();
    if (!json::Base64Decode(groups.substr(0, end), out)) {
      out.resize(before);
      if (!DecodeOneByOne(groups.substr(0, end), out)) return false;
    }
    groups.remove_prefix(end);
  }
  return true;
}

bool Base64Stream::Decode(std::string_view text, std::string& out) {
  if (!carry_.empty()) {
    const size_t take = std::min(4 - carry_.size(), text.size());
    carry_.append(text.substr(0, take));
    text.remove_prefix(take);
    if (carry_.size() < 4) return true;
    if (!DecodeGroups(carry_, out)) return false;
    carry_.clear();
  }
  const size_t whole = text.size() / 4 * 4;
  carry_ = text.substr(whole);
  return DecodeGroups(text.substr(0, whole), out);
}

}  // namespace sluice::grpcweb
