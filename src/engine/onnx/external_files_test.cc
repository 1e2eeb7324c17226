#include "engine/onnx/external_files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Field(int number, std::string_view bytes) {
  std::string out;
  for (const uint64_t value : {static_cast<uint64_t>(number) << 3 | 2, static_cast<uint64_t>(bytes.size())}) {
    uint64_t rest = value;
    for (; rest >= 128; rest >>= 7) out.push_back(static_cast<char>(rest | 128));
    out.push_back(static_cast<char>(rest));
  }
  return out.append(bytes);
}

// A TensorProto whose data lies in `file`.
std::string External(std::string_view file) { return Field(13, Field(1, "location") + Field(2, file)); }

TEST(ExternalFilesTest, AreFoundWhereverATensorMayBe) {
  const std::string attribute = Field(5, External("constant"));
  const std::string branch = Field(6, Field(1, Field(5, Field(10, External("in a branch")))));
  const std::string graph = Field(1, Field(5, attribute)) + Field(1, Field(5, branch)) + Field(5, External("weights")) +
                            Field(5, External("weights")) + Field(15, Field(1, External("sparse")));
  const auto names = ExternalFiles(Field(7, graph) + Field(25, Field(7, Field(5, Field(5, External("function"))))));
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("constant", "in a branch", "weights", "sparse", "function"));
}

TEST(ExternalFilesTest, MostModelsHaveNone) {
  EXPECT_THAT(*ExternalFiles(""), IsEmpty());
  EXPECT_THAT(*ExternalFiles(Field(7, Field(5, Field(9, std::string(1000, 'w'))))), IsEmpty());
}

TEST(ExternalFilesTest, DamageAndDepthAreErrors) {
  EXPECT_FALSE(ExternalFiles("this is not a model").ok());
  EXPECT_FALSE(ExternalFiles(Field(7, "\xff")).ok());
  std::string graph;
  for (int i = 0; i < 100; ++i) graph = Field(1, Field(5, Field(6, graph)));
  EXPECT_FALSE(ExternalFiles(Field(7, graph)).ok());
}

}  // namespace
}  // namespace sluice::onnx
