#include "engine/identity/identity_engine.h"

#include "base/error.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

std::unique_ptr<Session> NewSession() {
  auto model = MakeIdentityEngine()->Load(nullptr, {});
  return std::move(*(*model)->NewSession());
}

TEST(IdentityEngine, OutputIsTheCallersInputOfAnyType) {
  auto session = NewSession();
  const int64_t values[] = {1, 2, 3, 4};
  ASSERT_TRUE(session->SetInput(0, {"input", DType::kInt64, {2, 2}, values, sizeof values}).ok());
  ASSERT_TRUE(session->Run().ok());
  const auto output = session->Output(0);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->name, "output");
  EXPECT_EQ(output->dtype, DType::kInt64);
  EXPECT_EQ(output->data, values);
  EXPECT_EQ(output->As<int64_t>()[3], 4);
}

TEST(IdentityEngine, OutputIsItsOwnBuffer) {
  auto session = NewSession();
  const auto buffer = session->InputBuffer(0, {1, 2});
  ASSERT_TRUE(buffer.ok());
  static_cast<float*>(*buffer)[1] = 7;
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->Output(0)->As<float>()[1], 7);
}

TEST(IdentityEngine, WrongByteCountIsTheClientsFault) {
  auto session = NewSession();
  const float values[] = {1, 2};
  const absl::Status status = session->SetInput(0, {"input", DType::kFp32, {3}, values, sizeof values});
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
  EXPECT_EQ(FieldOf(status), "input");
  EXPECT_FALSE(session->Run().ok());
}

TEST(IdentityEngine, HasNoOtherShape) {
  const auto model = MakeIdentityEngine()->Load(nullptr, {});
  EXPECT_EQ(ReasonOf((*model)->Reshaped({1, 3}).status()), Reason::UNIMPLEMENTED);
}

}  // namespace
}  // namespace sluice
