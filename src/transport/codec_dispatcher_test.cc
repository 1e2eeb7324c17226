#include "transport/codec_dispatcher.h"

#include <gtest/gtest.h>

#include <string>

#include "transport/grpc/testing/fake_exchange.h"

namespace sluice::transport {
namespace {

class NoHandler final : public http::ExchangeHandler {
 public:
  void OnBody(std::string_view) override {}
  void OnBodyEnd() override {}
  void OnClosed(http::CloseReason) override {}
};

// Takes what has its path, and writes down what it took.
class PathCodec final : public http::Codec {
 public:
  PathCodec(std::string path, bool refuses, std::string& log) : path_(std::move(path)), refuses_(refuses), log_(log) {}
  bool Matches(const http::RequestHead& head) const override { return head.path.starts_with(path_); }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange&) const override {
    log_ += "start " + path_;
    return std::make_unique<NoHandler>();
  }
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange&, const absl::Status&) const override {
    if (!refuses_) return nullptr;
    log_ += "refuse " + path_;
    return std::make_unique<NoHandler>();
  }

 private:
  const std::string path_;
  const bool refuses_;
  std::string& log_;
};

class CodecDispatcherTest : public testing::Test {
 protected:
  CodecDispatcherTest() {
    Codecs codecs;
    codecs.push_back(std::make_unique<PathCodec>("/a/b", false, log_));
    codecs.push_back(std::make_unique<PathCodec>("/a", true, log_));
    codecs.push_back(std::make_unique<PathCodec>("/rest", true, log_));
    dispatcher_ = std::make_unique<CodecDispatcher>(std::move(codecs));
  }
  std::string Started(std::string path) {
    log_.clear();
    grpc::FakeExchange exchange(std::move(path));
    EXPECT_NE(dispatcher_->Start(exchange), nullptr);
    return log_;
  }
  std::string Refused(std::string path) {
    log_.clear();
    grpc::FakeExchange exchange(std::move(path));
    EXPECT_NE(dispatcher_->Refuse(exchange, absl::InternalError("no")), nullptr);
    return log_;
  }
  std::string log_;
  std::unique_ptr<CodecDispatcher> dispatcher_;
};

TEST_F(CodecDispatcherTest, TheFirstThatMatchesTakesItAndTheLastEveryOther) {
  EXPECT_EQ(Started("/a/b/c"), "start /a/b");
  EXPECT_EQ(Started("/a/c"), "start /a");
  EXPECT_EQ(Started("/z"), "start /rest");
}

TEST_F(CodecDispatcherTest, ARefusalGoesToTheNextThatKnowsHow) {
  EXPECT_EQ(Refused("/a/b/c"), "refuse /a");
  EXPECT_EQ(Refused("/z"), "refuse /rest");
}

}  // namespace
}  // namespace sluice::transport
