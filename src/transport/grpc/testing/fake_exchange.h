// An HTTP/2 exchange without HTTP/2: keeps what the codec sent, and gives it what the test says.
#pragma once

#include <string>
#include <vector>

#include "base/testing/fake_loop.h"
#include "google/protobuf/message.h"
#include "transport/grpc/framing.h"
#include "transport/http/exchange.h"

namespace sluice::grpc {

class FakeExchange final : public http::Exchange {
 public:
  explicit FakeExchange(std::string path, std::initializer_list<Headers::Field> fields = {}) {
    head_.version = http::Version::kHttp2;
    head_.method = "POST";
    head_.path = std::move(path);
    bool typed = false;
    for (const auto& [name, value] : fields) {
      head_.headers.Add(name, value);
      typed = typed || name == "content-type";
    }
    if (!typed) head_.headers.Add("content-type", "application/grpc");
    head_.received = loop_.Now();
  }
  const http::RequestHead& head() const override { return head_; }
  Loop& loop() override { return loop_; }
  void ConsumeBody(size_t bytes) override { consumed += bytes; }
  void SendHead(int s, const Headers& h, bool end) override {
    ++heads;
    status = s;
    headers = h;
    ended = end;
  }
  void SendBody(std::string bytes, bool end) override {
    ++bodies;
    body += bytes;
    ended = end;
  }
  void SendTrailers(const Headers& t) override {
    trailers = t;
    ended = true;
  }
  size_t UnsentBytes() const override { return unsent; }
  void Reset() override { reset = true; }

  // grpc-status, wherever it is.
  std::string grpc_status() const {
    return std::string(trailers.Find("grpc-status").value_or(headers.Get("grpc-status")));
  }
  std::string grpc_message() const {
    return std::string(trailers.Find("grpc-message").value_or(headers.Get("grpc-message")));
  }
  template <typename T>
  std::vector<T> Messages() const {
    std::vector<T> out;
    Deframer deframer(1 << 30);
    std::string_view in = body;
    Deframer::Frame frame;
    while (!in.empty() && *deframer.Next(in, frame)) {
      out.emplace_back();
      out.back().ParseFromArray(frame.message.data(), static_cast<int>(frame.message.size()));
    }
    return out;
  }

  http::RequestHead head_;
  FakeLoop loop_;
  int status = 0, heads = 0, bodies = 0;
  Headers headers, trailers;
  std::string body;
  size_t consumed = 0, unsent = 0;
  bool ended = false, reset = false;
};

inline std::string Framed(const google::protobuf::Message& message) {
  std::string frame(kFrameHeaderBytes, '\0');
  message.AppendToString(&frame);
  PutFrameHeader(frame.data(), frame.size() - kFrameHeaderBytes, false);
  return frame;
}

}  // namespace sluice::grpc
