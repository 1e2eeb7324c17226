#include "engine/bytes.h"

#include "base/error.h"
#include "engine/check.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(Bytes, ElementsGoInAndComeOut) {
  std::string data;
  for (const std::string_view element : {std::string_view("one"), std::string_view(), std::string_view("\0x", 2)})
    AppendBytes(element, data);
  EXPECT_EQ(CountBytes(data), 3);
  std::string_view rest = data, element;
  ASSERT_TRUE(TakeBytes(rest, element));
  EXPECT_EQ(element, "one");
  ASSERT_TRUE(TakeBytes(rest, element));
  EXPECT_EQ(element, "");
  ASSERT_TRUE(TakeBytes(rest, element));
  EXPECT_EQ(element, std::string_view("\0x", 2));
  EXPECT_FALSE(TakeBytes(rest, element));
}

TEST(Bytes, ACutOffElementIsNone) {
  EXPECT_EQ(CountBytes(""), 0);
  EXPECT_EQ(CountBytes(std::string_view("\1\0\0", 3)), std::nullopt);
  EXPECT_EQ(CountBytes(std::string_view("\2\0\0\0x", 5)), std::nullopt);
  EXPECT_EQ(CountBytes("\xff\xff\xff\xffx"), std::nullopt);
}

TEST(Bytes, ATensorHasAsManyElementsAsItsShapeSays) {
  std::string data;
  AppendBytes("a", data);
  AppendBytes("b", data);
  const TensorSpec spec{"s", DType::kBytes, {-1}};
  const auto check = [&](Shape shape, size_t bytes) {
    return CheckInput(spec, {"s", DType::kBytes, std::move(shape), data.data(), bytes});
  };
  EXPECT_TRUE(check({2}, data.size()).ok());
  EXPECT_EQ(check({3}, data.size()).message(),
            "input 's' of BYTES [3] does not have 2 elements; each element is its length (4 bytes, little-endian) "
            "followed by its bytes");
  EXPECT_EQ(ReasonOf(check({2}, data.size() - 1)), Reason::INVALID_REQUEST);
}

}  // namespace
}  // namespace sluice
