// One line of an access log: a flat JSON object.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sluice::cli::logs {

struct Field {
  std::string text;  // a string's value; else as it is written
  double number = 0;
  bool is_number = false;
};

// By name; empty when the line is not JSON. Lists and objects are texts.
using Line = std::map<std::string, Field, std::less<>>;
Line ParseLine(std::string_view text);

// "12:00:01.123 OK                 12.345 ms ImageRecognition/Recognize face_detection_v1 rest request-id"
std::string Pretty(const Line& line);

}  // namespace sluice::cli::logs
