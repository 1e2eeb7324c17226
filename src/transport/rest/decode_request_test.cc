#include "transport/rest/decode_request.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"

namespace sluice::rest {
namespace {

class IsChoreTest : public testing::Test {
 protected:
  IsChoreTest() {
    const auto* images = ::ai::inference::RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods_.Add(images->FindMethodByName("Recognize"), [](Call&) -> std::unique_ptr<CallHandler> { return nullptr; });
  }
  bool Ask(std::string type, std::string encoding, size_t bytes) const {
    return IsChore(
        *methods_.Find("/ai.inference.ImageRecognition/Recognize"),
        {.content_type = std::move(type), .content_encoding = std::move(encoding), .bytes = std::string(bytes, 'x')});
  }
  MethodTable methods_;
};

TEST_F(IsChoreTest, LargeJsonIsSmallIsNot) {
  EXPECT_TRUE(Ask("application/json", "", kChoreBytes + 1));
  EXPECT_FALSE(Ask("application/json", "", kChoreBytes));
}

TEST_F(IsChoreTest, ARawPictureIsOnlyMoved) {
  EXPECT_FALSE(Ask("image/jpeg", "", 1 << 20));
  EXPECT_FALSE(Ask("image/jpeg", "identity", 1 << 20));
}

// 64 KiB may inflate to 32 MiB.
TEST_F(IsChoreTest, WhatIsPackedIsAlmostAlways) {
  EXPECT_TRUE(Ask("application/json", "gzip", 129));
  EXPECT_TRUE(Ask("image/jpeg", "gzip", 1025));
  EXPECT_FALSE(Ask("application/json", "gzip", 128));
}

}  // namespace
}  // namespace sluice::rest
