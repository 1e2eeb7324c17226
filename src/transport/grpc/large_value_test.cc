#include "transport/grpc/large_value.h"

#include "gtest/gtest.h"
#include "inference/grpc_service.pb.h"

namespace sluice::grpc {
namespace {

const google::protobuf::Descriptor& Type() { return *inference::ModelInferRequest::descriptor(); }

std::string Message(std::initializer_list<size_t> sizes) {
  inference::ModelInferRequest message;
  message.set_model_name("a model");
  for (const size_t size : sizes) message.add_raw_input_contents(std::string(size, 'x'));
  return message.SerializeAsString();
}

TEST(LargeValue, IsFoundBehindSmallOnes) {
  const std::string bytes = Message({3, 0, 70'000, 5});
  const auto place = FindLargeValue(Type(), std::string_view(bytes).substr(0, 40), bytes.size());
  ASSERT_TRUE(place);
  EXPECT_EQ(place->field, 7);
  EXPECT_EQ(place->index, 2);
  EXPECT_EQ(place->end - place->begin, 70'000u);
  EXPECT_EQ(bytes.substr(place->begin, 70'000), std::string(70'000, 'x'));
  EXPECT_EQ(place->tag_end, place->begin - 3) << "the length takes three bytes";
}

TEST(LargeValue, OnlyWhatHasCome) {
  const std::string bytes = Message({70'000});
  const auto whole = FindLargeValue(Type(), bytes, bytes.size());
  ASSERT_TRUE(whole);
  for (size_t n = 0; n < whole->begin; ++n) {
    EXPECT_FALSE(FindLargeValue(Type(), std::string_view(bytes).substr(0, n), bytes.size())) << n;
  }
  EXPECT_TRUE(FindLargeValue(Type(), std::string_view(bytes).substr(0, whole->begin), bytes.size()));
}

TEST(LargeValue, NotWhenSmallOrLongerThanItsMessageOrNoProtobuf) {
  EXPECT_FALSE(FindLargeValue(Type(), Message({1'000}), 1'100));
  const std::string bytes = Message({70'000});
  EXPECT_FALSE(FindLargeValue(Type(), std::string_view(bytes).substr(0, 40), bytes.size() - 1));
  EXPECT_FALSE(FindLargeValue(Type(), "\xff\xff\xff\xff\xff\xff\xff", 1 << 20));
  EXPECT_FALSE(FindLargeValue(Type(), "\x3b\x3b\x3b", 1 << 20)) << "groups without end";
}

TEST(LargeValue, ItsPlaceMustExist) {
  inference::ModelInferRequest message;
  message.add_raw_input_contents("");
  EXPECT_FALSE(PutLargeValue(message, {.field = 7, .index = 1, .bytes = "x"}));
  EXPECT_FALSE(PutLargeValue(message, {.field = 1, .index = 0, .bytes = "x"})) << "not a repeated bytes field";
  EXPECT_TRUE(PutLargeValue(message, {.field = 7, .index = 0, .bytes = "x"}));
  EXPECT_EQ(message.raw_input_contents(0), "x");
}

}  // namespace
}  // namespace sluice::grpc
