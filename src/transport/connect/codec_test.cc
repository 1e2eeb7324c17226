#include "transport/connect/codec.h"

#include <gtest/gtest.h>

#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/held_chores.h"
#include "call/unary.h"
#include "grpc/health/v1/health.pb.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/gzip.h"
#include "transport/testing/codec_world.h"

namespace sluice::connect {
namespace {

using ::ai::inference::ClassifyRequest;
using ::ai::inference::ClassifyResponse;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

constexpr const char* kClassify = "/ai.inference.TextClassification/Classify";
constexpr const char* kWatch = "/grpc.health.v1.Health/Watch";
constexpr const char* kCheck = "/grpc.health.v1.Health/Check";

// Answers each of its texts as a label; "bad" fails.
void Echo(std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest> request) {
  ClassifyResponse response;
  for (const std::string& text : request->texts()) {
    if (text == "bad")
      return call->Fail(FieldError(Reason::INVALID_REQUEST, "texts[0]", "texts[0] is bad; send a good one"));
    if (text == "busy") {
      absl::Status busy = Error(Reason::OVERLOADED, "busy; retry later");
      SetRetryAfter(busy, absl::Milliseconds(1500));
      return call->Fail(busy);
    }
    response.add_results()->set_label(text);
  }
  call->response_trailers().Add("cost", "7");
  call->Reply(response);
}

class ConnectCodecTest : public testing::Test {
 protected:
  ConnectCodecTest() {
    const auto* texts = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
    world_.methods.Add(texts->FindMethodByName("Classify"), Unary<ClassifyRequest>(Echo));
    const auto* health = HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
    const auto watch = [](std::shared_ptr<Call> call, std::unique_ptr<HealthCheckRequest> request) {
      HealthCheckResponse response;
      response.set_status(HealthCheckResponse::SERVING);
      call->Send(response);
      call->response_trailers().Add("cost", "7");
      call->Finish(request->service() == "bad" ? Error(Reason::NOT_FOUND, "no such \"service\"") : absl::OkStatus());
    };
    world_.methods.Add(health->FindMethodByName("Watch"), Unary<HealthCheckRequest>(watch));
    world_.methods.Add(health->FindMethodByName("Check"), Unary<HealthCheckRequest>(watch));
  }

  grpc::FakeExchange& Ask(std::string verb, const std::string& path, std::initializer_list<Headers::Field> fields,
                          std::string_view body) {
    handler_.reset();
    exchange_ = std::make_unique<grpc::FakeExchange>(path.substr(0, path.find('?')), fields);
    exchange_->head_.method = std::move(verb);
    if (const size_t query = path.find('?'); query != std::string::npos)
      exchange_->head_.query = path.substr(query + 1);
    EXPECT_TRUE(codec_.Matches(exchange_->head()));
    handler_ = codec_.Start(*exchange_);
    if (!exchange_->ended) handler_->OnBody(body);
    if (!exchange_->ended) handler_->OnBodyEnd();
    world_.chores.Run();
    exchange_->loop_.Run();
    EXPECT_TRUE(exchange_->ended);
    return *exchange_;
  }
  grpc::FakeExchange& Post(std::string_view type, std::string_view body) {
    return Ask("POST", kClassify, {{"content-type", type}}, body);
  }
  grpc::FakeExchange& Get(const std::string& query) {
    return Ask("GET", StrCat(kClassify, "?", query), {{"content-type", ""}}, "");
  }

  static std::string Proto(std::string text) {
    ClassifyRequest request;
    request.add_texts(std::move(text));
    return request.SerializeAsString();
  }
  static std::string Framed(std::string_view message, char flag = 0) {
    std::string frame(grpc::kFrameHeaderBytes, '\0');
    grpc::PutFrameHeader(frame.data(), message.size(), false);
    frame[0] = flag;
    return frame.append(message);
  }

  transport::CodecWorld world_;
  const ConnectCodec codec_{world_.context({.message_bytes_max = 100'000})};
  std::unique_ptr<grpc::FakeExchange> exchange_;
  std::unique_ptr<http::ExchangeHandler> handler_;
};

TEST_F(ConnectCodecTest, JsonAndProtobufAreAnsweredInKind) {
  auto& json = Post("application/json; charset=utf-8", R"({"texts": ["a", "b"]})");
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.headers.Get("content-type"), "application/json");
  EXPECT_EQ(json.headers.Get("trailer-cost"), "7");
  EXPECT_EQ(json.body, R"({"results":[{"label":"a","confidence":0},{"label":"b","confidence":0}]})");
  auto& proto = Post("application/proto", Proto("a"));
  EXPECT_EQ(proto.headers.Get("content-type"), "application/proto");
  ClassifyResponse response;
  ASSERT_TRUE(response.ParseFromString(proto.body));
  EXPECT_EQ(response.results(0).label(), "a");
}

TEST_F(ConnectCodecTest, GzipBothWays) {
  const std::string text(5000, 'x');
  std::string packed;
  transport::Deflate(StrCat(R"({"texts":[")", text, "\"]}"), packed);
  auto& exchange =
      Ask("POST", kClassify,
          {{"content-type", "application/json"}, {"content-encoding", "gzip"}, {"accept-encoding", "gzip"}}, packed);
  EXPECT_EQ(exchange.headers.Get("content-encoding"), "gzip");
  std::string body;
  ASSERT_TRUE(transport::Inflate(exchange.body, 100'000, body).ok());
  EXPECT_NE(body.find(text), std::string::npos);
  EXPECT_EQ(Ask("POST", kClassify, {{"content-type", "application/proto"}, {"content-encoding", "gzip"}}, "").status,
            200)
      << "nothing is not unpacked";
  auto& other = Ask("POST", kClassify, {{"content-type", "application/proto"}, {"content-encoding", "br"}}, "x");
  EXPECT_EQ(other.status, 501);
  EXPECT_EQ(other.headers.Get("accept-encoding"), "gzip");
  EXPECT_NE(other.body.find(
                R"({"code":"unimplemented","message":"Content-Encoding 'br' is not supported; use gzip or none")"),
            std::string::npos)
      << other.body;
}

TEST_F(ConnectCodecTest, ErrorsHaveCodeMessageAndDetails) {
  auto& bad = Post("application/proto", Proto("bad"));
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.headers.Get("content-type"), "application/json");
  EXPECT_TRUE(bad.body.starts_with(
      R"({"code":"invalid_argument","message":"texts[0] is bad; send a good one","details":[{"type":)"
      R"("google.rpc.ErrorInfo","value":")"))
      << bad.body;
  EXPECT_NE(bad.body.find(R"("reason":"INVALID_REQUEST")"), std::string::npos) << bad.body;
  EXPECT_NE(bad.body.find(R"("type":"google.rpc.BadRequest")"), std::string::npos);
  EXPECT_EQ(bad.body.find('='), std::string::npos) << "base64 without padding";
  auto& busy = Post("application/json", R"({"texts":["busy"]})");
  EXPECT_EQ(busy.headers.Get("retry-after"), "2");
}

TEST_F(ConnectCodecTest, GetForWhatHasNoSideEffects) {
  EXPECT_NE(Get("message=%7B%22texts%22%3A%5B%22a+b%22%5D%7D&encoding=json&connect=v1&x=1").body.find("\"a b\""),
            std::string::npos);
  auto& proto = Get("connect=v1&encoding=proto&base64=1&message=CgFh");
  EXPECT_EQ(proto.headers.Get("content-type"), "application/proto");
  EXPECT_EQ(proto.status, 200);
  for (const auto& [query, status] :
       std::vector<std::pair<std::string, int>>{{"", 400},
                                                {"encoding=json", 400},
                                                {"message=%7B%7D", 400},
                                                {"encoding=json&message=%7", 400},
                                                {"encoding=json&base64=1&message=%7B", 400},
                                                {"encoding=json&message=%7B%7D&connect=v2", 400},
                                                {"encoding=json&encoding=proto&message=%7B%7D", 400},
                                                {"encoding=xml&message=%7B%7D", 415},
                                                {"encoding=json&message=%7B%7D&compression=br", 501}}) {
    EXPECT_EQ(Get(query).status, status) << query;
  }
  std::string many = "encoding=json&message=%7B%7D";
  for (int i = 0; i < 1000; ++i) many += "&a";
  auto& refused = Get(many);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("the query has more than 1000 parameters; send fewer"), std::string::npos);
  auto& check = Ask("GET", StrCat(kCheck, "?encoding=json&message=%7B%7D"), {{"content-type", ""}}, "");
  EXPECT_EQ(check.status, 405);
  EXPECT_EQ(check.headers.Get("allow"), "POST, OPTIONS");
}

TEST_F(ConnectCodecTest, Refusals) {
  EXPECT_EQ(Post("text/plain", "x").status, 415);
  EXPECT_EQ(exchange_->headers.Get("accept-post"), "application/json, application/proto");
  EXPECT_EQ(Post("application/connect+json", "x").status, 415) << "a unary method does not stream";
  EXPECT_EQ(Ask("POST", kWatch, {{"content-type", "application/json"}}, "{}").status, 415) << "a stream is no body";
  EXPECT_EQ(Ask("DELETE", kClassify, {{"content-type", "application/json"}}, "").headers.Get("allow"),
            "GET, POST, HEAD, OPTIONS");
  EXPECT_EQ(
      Ask("POST", kClassify, {{"content-type", "application/json"}, {"connect-protocol-version", "2"}}, "{}").status,
      400);
  EXPECT_EQ(Post("application/json", "{").status, 400);
  EXPECT_EQ(Post("application/proto", "\xff").status, 400);
  EXPECT_EQ(Post("application/json", std::string(100'001, ' ')).status, 429) << "resource_exhausted";
}

TEST_F(ConnectCodecTest, LargeBodiesAreDecodedByAWorker) {
  const std::string json = StrCat(R"({"texts":[")", std::string(90'000, 'x'), "\"]}");
  handler_.reset();
  exchange_ = std::make_unique<grpc::FakeExchange>(
      kClassify, std::initializer_list<Headers::Field>{{"content-type", "application/json"}});
  handler_ = codec_.Start(*exchange_);
  handler_->OnBody(json);
  handler_->OnBodyEnd();
  EXPECT_FALSE(exchange_->ended);
  world_.chores.Run();
  exchange_->loop_.Run();
  EXPECT_EQ(exchange_->status, 200);
}

TEST_F(ConnectCodecTest, StreamsEndWithAFrameOfTheirOwn) {
  auto& json = Ask("POST", kWatch, {{"content-type", "application/connect+json"}}, Framed("{}"));
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.headers.Get("content-type"), "application/connect+json");
  EXPECT_EQ(json.body, Framed(R"({"status":"SERVING"})") + Framed(R"({"metadata":{"cost":["7"]}})", 2));
  auto& proto = Ask("POST", kWatch, {{"content-type", "application/connect+proto"}},
                    Framed("\x0a\x03"
                           "bad"));
  EXPECT_TRUE(proto.body.starts_with(Framed("\x08\x01"))) << proto.body;
  EXPECT_NE(proto.body.find(R"({"error":{"code":"not_found","message":"no such \"service\"","details":[)"),
            std::string::npos);
  EXPECT_TRUE(proto.body.ends_with(R"(,"metadata":{"cost":["7"]}})")) << proto.body;
}

TEST_F(ConnectCodecTest, StreamsRefuseInTheirOwnForm) {
  auto& encoding =
      Ask("POST", kWatch, {{"content-type", "application/connect+json"}, {"connect-content-encoding", "br"}}, "");
  EXPECT_EQ(encoding.status, 200);
  EXPECT_EQ(encoding.headers.Get("connect-accept-encoding"), "identity,gzip");
  EXPECT_NE(encoding.body.find(R"("code":"unimplemented")"), std::string::npos);
  auto& flag = Ask("POST", kWatch, {{"content-type", "application/connect+json"}}, Framed("{}", 2));
  EXPECT_NE(flag.body.find(R"({"error":{)"), std::string::npos) << "a request has no end frame";
  auto& refused = *(exchange_ = std::make_unique<grpc::FakeExchange>(
                        kWatch, std::initializer_list<Headers::Field>{{"content-type", "application/connect+proto"}}));
  handler_ = codec_.Refuse(refused, Error(Reason::SHUTTING_DOWN, "bye"));
  EXPECT_NE(refused.body.find(R"("code":"unavailable")"), std::string::npos);
}

TEST_F(ConnectCodecTest, MatchesOnlyItsOwn) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc-web-text"}) {
    EXPECT_FALSE(codec_.Matches(grpc::FakeExchange(kClassify, {{"content-type", type}}).head())) << type;
  }
  EXPECT_FALSE(codec_.Matches(grpc::FakeExchange("/api/v1/classify", {{"content-type", "application/json"}}).head()));
  EXPECT_FALSE(
      codec_.Matches(grpc::FakeExchange("/ai.inference.Nobody/Knows", {{"content-type", "application/proto"}}).head()));
  grpc::FakeExchange hidden(kClassify, {{"content-type", "application/json"}});
  hidden.head_.peer.exposed = http::kExposeMetrics;
  EXPECT_FALSE(codec_.Matches(hidden.head())) << "this listener does not serve it";
}

}  // namespace
}  // namespace sluice::connect
