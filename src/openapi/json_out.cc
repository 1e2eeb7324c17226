#include "openapi/json_out.h"

#include <charconv>

#include "json/text.h"

namespace sluice::openapi {

void JsonOut::NewLine() {
  text_.push_back('\n');
  text_.append(depth_ * 2, ' ');
}

void JsonOut::NextValue() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!empty_) text_.push_back(',');
  if (depth_ > 0) NewLine();
  empty_ = false;
}

void JsonOut::Open(char bracket) {
  NextValue();
  text_.push_back(bracket);
  ++depth_;
  empty_ = true;
}

void JsonOut::Close(char bracket) {
  --depth_;
  if (!empty_) NewLine();
  text_.push_back(bracket);
  empty_ = false;
}

void JsonOut::Key(std::string_view key) {
  NextValue();
  json::AppendQuoted(key, text_);
  text_ += ": ";
  after_key_ = true;
}

void JsonOut::String(std::string_view value) {
  NextValue();
  json::AppendQuoted(value, text_);
}

void JsonOut::String(std::string_view key, std::string_view value) {
  Key(key);
  String(value);
}

void JsonOut::Int(std::string_view key, int64_t value) { Raw(key, std::to_string(value)); }

void JsonOut::Number(std::string_view key, double value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  Raw(key, std::string_view(digits, static_cast<size_t>(end.ptr - digits)));
}

void JsonOut::Bool(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }

void JsonOut::Raw(std::string_view key, std::string_view json) {
  Key(key);
  NextValue();
  text_ += json;
}

}  // namespace sluice::openapi
