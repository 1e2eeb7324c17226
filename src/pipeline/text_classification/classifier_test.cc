// The C++ steps against the golden vectors that training wrote: same normalised text, same ids, same probabilities.
#include "pipeline/text_classification/classifier.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <unicode/unistr.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/testing/temp_folder.h"
#include "engine/openvino/openvino_engine.h"
#include "repository/repository.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
const fs::path kModels = fs::path(SLUICE_SOURCE_DIR) / "models";

std::string ToUtf8(const std::u32string& text) {
  std::string out;
  icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<int32_t>(text.size()))
      .toUTF8String(out);
  return out;
}

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const fs::path folder = kModels / GetParam();
    if (!fs::exists(folder / "1" / "model.onnx")) GTEST_SKIP() << "skipped: no weights of " << GetParam();
    fs::create_directory_symlink(folder, root_ / GetParam());
    engine_ = MakeOpenVinoEngine();
    repository_ = std::make_unique<Repository>(Repository::Options{.roots = {root_.string()}},
                                               std::vector<Engine*>{engine_.get()});
    ASSERT_TRUE(repository_->Load().ok());
    auto version = repository_->Resolve(GetParam());
    ASSERT_TRUE(version.ok()) << version.status();
    version_ = *version;
    auto model = MakeTextModel(*version_);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    std::ifstream in(folder / "1" / "golden.json");
    std::ostringstream text;
    text << in.rdbuf();
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(text.str(), &golden_).ok());
  }

  const google::protobuf::RepeatedPtrField<google::protobuf::Value>& cases() {
    return golden_.fields().at("cases").list_value().values();
  }

  const TempFolder root_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Repository> repository_;
  ModelHandle version_;
  TextModel model_;
  google::protobuf::Struct golden_;
};

TEST_P(GoldenTest, NormalisedTextsAndIdsAreThoseOfTraining) {
  TextClassifier classifier;
  std::u32string normalised;
  std::vector<int64_t> ids;
  ASSERT_GT(cases().size(), 50);
  for (const auto& one : cases()) {
    const auto& fields = one.struct_value().fields();
    const std::string& text = fields.at("text").string_value();
    ASSERT_TRUE(classifier.Prepare(model_, text, normalised, ids).ok());
    EXPECT_EQ(ToUtf8(normalised), fields.at("normalised").string_value()) << text;
    std::vector<int64_t> wanted;
    for (const auto& id : fields.at("ids").list_value().values())
      wanted.push_back(static_cast<int64_t>(id.number_value()));
    EXPECT_EQ(ids, wanted) << text;
  }
}

TEST_P(GoldenTest, LabelsAndConfidencesAreThoseOfTraining) {
  std::vector<std::string> texts;
  for (const auto& one : cases()) texts.push_back(one.struct_value().fields().at("text").string_value());
  TextClassifier classifier;
  JobTimes times;
  auto found = classifier.Classify(model_, version_->SessionFor(0), texts, SystemClock(), times);
  ASSERT_TRUE(found.ok()) << found.status();
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto& fields = cases()[static_cast<int>(i)].struct_value().fields();
    double best = 0;
    for (const auto& p : fields.at("probabilities").list_value().values()) best = std::max(best, p.number_value());
    EXPECT_EQ(model_.labels[(*found)[i].label], fields.at("label").string_value()) << texts[i];
    EXPECT_NEAR((*found)[i].confidence, best, 2e-3) << texts[i];
  }
}

// Jobs that share a run: one of them with a text that cannot be read.
TEST_P(GoldenTest, ARefusedAddLeavesTheOthersAlone) {
  const std::vector<std::string> first{"中国女排获得世界杯冠军", "？"}, bad{"好的文本", "\xff"},
      last(60, "周杰伦新专辑销量破千万");
  TextClassifier classifier;
  ASSERT_TRUE(classifier.Add(model_, first).ok());
  EXPECT_EQ(ReasonOf(classifier.Add(model_, bad)), Reason::INVALID_REQUEST);
  ASSERT_TRUE(classifier.Add(model_, last).ok());
  const auto found = classifier.Run(model_, version_->SessionFor(0));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), first.size() + last.size());
  EXPECT_EQ(model_.labels[(*found)[0].label], "体育");
  EXPECT_EQ((*found)[1].label, model_.no_letter_label);
  for (const TextLabel& one : found->subspan(2)) EXPECT_EQ(model_.labels[one.label], "娱乐");
  classifier.Clear();
  EXPECT_TRUE(classifier.Run(model_, version_->SessionFor(0))->empty());
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest, testing::Values("news_classification_v1", "news_classification_bert_v1"));

TEST(NgramsTest, SpecifiedHashes) {
  std::vector<int64_t> ids;
  HashNgrams(U"中", {.min = 1, .max = 1}, ids);
  EXPECT_NE(std::find(ids.begin(), ids.end(), 149255), ids.end());
  HashNgrams(U"中国", {.min = 2, .max = 2}, ids);
  EXPECT_NE(std::find(ids.begin(), ids.end(), 4928), ids.end());
}

TEST(NgramsTest, OnlyKeptBucketsHaveARow) {
  const NgramOptions all{.min = 1, .max = 2, .buckets = 1 << 10};
  std::vector<int64_t> buckets, rows;
  HashNgrams(U"中国女排夺冠", all, buckets);
  std::string bits(128, '\0');
  std::vector<int64_t> wanted;
  for (size_t i = 0; i < buckets.size(); i += 2) {
    bits[buckets[i] / 8] |= static_cast<char>(1 << buckets[i] % 8);
    wanted.push_back(static_cast<int64_t>(wanted.size()) + 1);
  }
  auto kept = KeptBuckets::Parse(bits, 1 << 10);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->rows(), wanted.size());
  NgramOptions some = all;
  some.kept = std::make_shared<const KeptBuckets>(*kept);
  HashNgrams(U"中国女排夺冠", some, rows);
  EXPECT_EQ(rows, wanted);

  some.kept = std::make_shared<const KeptBuckets>(*KeptBuckets::Parse(std::string(128, '\0'), 1 << 10));
  HashNgrams(U"中国女排夺冠", some, rows);
  EXPECT_EQ(rows, std::vector<int64_t>{0});
  EXPECT_FALSE(KeptBuckets::Parse(bits, 1 << 11).ok());
}

TEST(NormalizeTest, FastAndSlowPathAgree) {
  const NormalizeOptions options;
  std::u32string fast, slow;
  ASSERT_TRUE(NormalizeText("ＡＢＣ 中國 Test，。", options, fast).ok());
  // An accent forces the slow path; the rest of the text must come out the same.
  ASSERT_TRUE(NormalizeText("ＡＢＣ 中國 Test，。é", options, slow).ok());
  EXPECT_EQ(fast + U"é", slow);
  EXPECT_EQ(fast.substr(0, 5), U"abc中国");
}

TEST(NormalizeTest, InvalidUtf8IsRefused) {
  std::u32string out;
  EXPECT_FALSE(NormalizeText("\xff\xfe", {}, out).ok());
  EXPECT_FALSE(NormalizeText("\xed\xa0\x80", {}, out).ok()) << "a surrogate";
}

}  // namespace
}  // namespace sluice
