// A codec stand-in for tests: keeps what the call answered.
#pragma once

#include <string>
#include <vector>

#include "call/call.h"

namespace sluice {

class RecordingPort final : public CallPort {
 public:
  size_t Write(const Message& message) override {
    written.push_back(message.ShortDebugString());
    return message.ByteSizeLong();
  }
  void End(Call& call, const absl::Status& status) override {
    ++ends;
    outcome = status;
    request_id_header = std::string(call.response_headers().Get("x-request-id"));
  }
  void ReadMore() override { ++reads; }
  void HoldBack(Duration time) override { held_back = time; }

  std::vector<std::string> written;
  int ends = 0;
  int reads = 0;
  Duration held_back{};
  absl::Status outcome;
  std::string request_id_header;
};

}  // namespace sluice
