#include "transport/grpc/large_fields.h"

#include "gtest/gtest.h"
#include "inference/grpc_service.pb.h"

namespace sluice::grpc {
namespace {

TEST(LargeFields, RestAndPiecesAreTheMessage) {
  inference::ModelInferResponse message;
  message.set_model_name("m");
  message.add_outputs()->set_name("o");
  for (const size_t size : {size_t{0}, size_t{70'000}, size_t{3}})
    message.add_raw_output_contents(std::string(size, 'x'));
  const std::string whole = message.SerializeAsString();
  const char* const bytes = message.raw_output_contents(1).data();

  const std::vector<std::string> pieces = TakeLargeFields(message);
  ASSERT_EQ(pieces.size(), 6u);
  EXPECT_EQ(pieces[3].data(), bytes) << "not copied";
  std::string joined = message.SerializeAsString();
  for (const std::string& piece : pieces) joined += piece;
  EXPECT_EQ(joined, whole) << "here the large field is the last one anyway";
}

TEST(LargeFields, SmallOnesStay) {
  inference::ModelInferResponse message;
  message.add_raw_output_contents(std::string(1000, 'x'));
  EXPECT_TRUE(TakeLargeFields(message).empty());
  EXPECT_EQ(message.raw_output_contents(0).size(), 1000u);
}

}  // namespace
}  // namespace sluice::grpc
