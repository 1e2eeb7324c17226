#include "transport/oip/infer_request.h"

#include "base/error.h"
#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/oip/infer_answer.h"

namespace sluice::oip {
namespace {

using ::testing::HasSubstr;

constexpr char kTwoBinary[] =
    R"({"id": "7", "parameters": {"binary_data_output": true, "timeout": 5, "x": 0.5, "y": "z"},
  "inputs": [{"name": "a", "datatype": "UINT8", "shape": [2], "parameters": {"binary_data_size": 2}},
             {"parameters": {"binary_data_size": 3}, "shape": [3], "datatype": "UINT8", "name": "b"}],
  "outputs": [{"name": "c", "parameters": {"binary_data": false}}, {"name": "d"}]})";

TEST(InferRequest, TensorsBehindTheJsonGoToTheirInputs) {
  const auto request = ReadInferRequest({kTwoBinary, "12345"});
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& message = request->message;
  EXPECT_EQ(message.id(), "7");
  EXPECT_EQ(message.raw_input_contents(0), "12");
  EXPECT_EQ(message.raw_input_contents(1), "345");
  EXPECT_EQ(message.parameters().at("timeout").int64_param(), 5);
  EXPECT_EQ(message.parameters().at("x").double_param(), 0.5);
  EXPECT_EQ(message.parameters().at("y").string_param(), "z");
  EXPECT_FALSE(request->form.IsBinary("c"));
  EXPECT_TRUE(request->form.IsBinary("d"));
  EXPECT_EQ(ReasonOf(ReadInferRequest({kTwoBinary, "1234"}).status()), Reason::INVALID_BODY);
  EXPECT_EQ(ReasonOf(ReadInferRequest({kTwoBinary, "123456"}).status()), Reason::INVALID_BODY);
}

TEST(InferRequest, OneTensorIsNotCopied) {
  InferBody body{
      R"({"inputs": [{"name": "a", "datatype": "UINT8", "shape": [1000], "parameters": {"binary_data_size": 1000}}]})",
      std::string(1000, 'x')};
  const char* const bytes = body.tensors.data();
  const auto request = ReadInferRequest(std::move(body));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->message.raw_input_contents(0).data(), bytes);
}

TEST(InferRequest, TheBodyIsCutWhereTheHeaderSays) {
  EXPECT_EQ(CutBody("{}tensor", "2")->tensors, "tensor");
  EXPECT_EQ(CutBody("{}", "2")->tensors, "");
  EXPECT_EQ(CutBody("{}tensor", "")->json, "{}tensor");
  for (const char* wrong : {"9", "-1", "2x", "99999999999999999999999"}) EXPECT_FALSE(CutBody("{}tensor", wrong).ok());
}

// What is written as JSON reads back as the same bytes.
TEST(InferAnswer, JsonReadsBackAsTheSameBytes) {
  for (const auto& [datatype, shape, bytes] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"BOOL", "[2]", std::string("\0\1", 2)},
           {"INT16", "[1,2]", "\xff\x80\x7f\x01"},
           {"UINT64", "[1]", "\xff\xff\xff\xff\xff\xff\xff\xff"},
           {"FP32", "[2]", std::string("\0\0\x80\x7f\1\0\0\0", 8)},
           {"BYTES", "[2]", std::string("\0\0\0\0\2\0\0\0a\"", 10)},
           {"FP64", "[0]", ""}}) {
    inference::ModelInferResponse response;
    auto& output = *response.add_outputs();
    output.set_name("o");
    output.set_datatype(datatype);
    response.add_raw_output_contents(bytes);
    const auto answer = WriteInferAnswer(response, {});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const std::string& json = answer->json;
    const std::string data = json.substr(json.find("\"data\":"));
    const auto read = ReadInferRequest(
        {StrCat(R"({"inputs":[{"name":"o","datatype":")", datatype, R"(","shape":)", shape, ",", data), ""});
    ASSERT_TRUE(read.ok()) << read.status() << json;
    EXPECT_EQ(read->message.raw_input_contents(0), bytes) << json;
  }
}

TEST(InferAnswer, BytesThatAreNotUtf8AreNoJson) {
  inference::ModelInferResponse response;
  response.add_outputs()->set_datatype("BYTES");
  response.add_raw_output_contents(std::string("\1\0\0\0\xff", 5));
  const absl::Status status = WriteInferAnswer(response, {}).status();
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
  EXPECT_THAT(std::string(status.message()), HasSubstr("request binary_data"));
}

TEST(ReadInferRequest, ABodyWithoutJsonIsOneTensor) {
  const auto cut = CutBody("\1\2\3", "0");
  ASSERT_TRUE(cut.ok() && cut->raw);
  const auto request = ReadInferRequest(*cut);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->message.inputs_size(), 0);
  EXPECT_EQ(request->message.raw_input_contents(0), "\1\2\3");
  EXPECT_TRUE(request->form.IsBinary("any"));
  EXPECT_FALSE(ReadInferRequest(*CutBody("", "0")).ok());
  const auto without = ReadInferRequest(*CutBody("\1\2\3", ""));
  EXPECT_NE(std::string(without.status().message()).find("Inference-Header-Content-Length: 0"), std::string::npos);
}

}  // namespace
}  // namespace sluice::oip
