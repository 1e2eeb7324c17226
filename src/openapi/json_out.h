// Writes JSON text in the order of the calls, indented for readers.
//
//   JsonOut out;
//   out.Object([&] {
//     out.String("title", "Sluice");
//     out.Array("tags", [&] { out.String("a"); });
//   });
//   Serve(std::move(out).Take());
//
// A member needs its key, an element of an array has none; the caller keeps to that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::openapi {

class JsonOut {
 public:
  template <typename Fill>
  void Object(Fill fill) {
    Open('{');
    fill();
    Close('}');
  }
  template <typename Fill>
  void Object(std::string_view key, Fill fill) {
    Key(key);
    Object(fill);
  }
  template <typename Fill>
  void Array(std::string_view key, Fill fill) {
    Key(key);
    Open('[');
    fill();
    Close(']');
  }

  void Key(std::string_view key);
  void String(std::string_view value);
  void String(std::string_view key, std::string_view value);
  void Int(std::string_view key, int64_t value);
  // Integers without a fraction, others in their shortest form.
  void Number(std::string_view key, double value);
  void Bool(std::string_view key, bool value);
  // `json` is taken as it is.
  void Raw(std::string_view key, std::string_view json);

  std::string Take() && { return std::move(text_); }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void NextValue();
  void NewLine();

  std::string text_;
  size_t depth_ = 0;
  bool empty_ = true;  // nothing in the current object or array yet
  bool after_key_ = false;
};

}  // namespace sluice::openapi
