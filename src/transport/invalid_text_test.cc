#include "transport/invalid_text.h"

#include <gtest/gtest.h>

#include "ai/inference/text_classification.pb.h"

namespace sluice::transport {
namespace {

using ai::inference::ClassifyRequest;

std::string FieldOf(std::string_view bytes) { return InvalidTextField(*ClassifyRequest::descriptor(), bytes); }

TEST(InvalidTextTest, NamesTheField) {
  EXPECT_EQ(FieldOf("\x0a\x01"
                    "a"
                    "\x0a\x02\xff\xfe"),
            "texts[1]");
  EXPECT_EQ(FieldOf("\x12\x01\xff"), "model_id");
  EXPECT_EQ(FieldOf("\x1a\x03\x0a\x01"
                    "a"
                    "\x1a\x06\x0a\x01"
                    "a\x12\x01\xc0"),
            "items[1].id");
  EXPECT_EQ(FieldOf("\x0a\x03\xed\xa0\x80"), "texts[0]") << "a surrogate";
}

TEST(InvalidTextTest, NothingWhereTheBytesAreFineOrBroken) {
  ClassifyRequest request;
  request.add_texts("中国");
  request.add_items()->set_id("x");
  EXPECT_EQ(FieldOf(request.SerializeAsString()), "");
  EXPECT_EQ(FieldOf(""), "");
  EXPECT_EQ(FieldOf("\x0a\x05\xff"), "") << "truncated";
  EXPECT_EQ(FieldOf("\x0a\xff\xff\xff\xff\xff"), "") << "no length";
  EXPECT_EQ(FieldOf("\x0b\x0b\x0b"), "") << "groups without an end";
}

}  // namespace
}  // namespace sluice::transport
