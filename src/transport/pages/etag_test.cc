#include "transport/pages/etag.h"

#include <gtest/gtest.h>

namespace sluice::pages {
namespace {

TEST(ETagTest, FollowsTheContentAlone) {
  EXPECT_EQ(ETagOf("page"), ETagOf("page"));
  EXPECT_NE(ETagOf("page"), ETagOf("pagf"));
  EXPECT_EQ(ETagOf(""), "W/\"cbf29ce484222325\"");
}

TEST(ETagTest, IsFoundInWhatAClientHas) {
  const std::string tag = ETagOf("page");
  EXPECT_TRUE(HasETag(tag, tag));
  EXPECT_TRUE(HasETag(tag.substr(2), tag)) << "weak comparison";
  EXPECT_TRUE(HasETag("\"a\" , " + tag, tag));
  EXPECT_TRUE(HasETag("*", tag));
  EXPECT_FALSE(HasETag("", tag));
  EXPECT_FALSE(HasETag("\"*\"", tag));
  EXPECT_FALSE(HasETag(ETagOf("other"), tag));
}

}  // namespace
}  // namespace sluice::pages
