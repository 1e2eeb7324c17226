#include "repository/manifest.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text, std::string_view folder = "m") {
  const auto manifest = ParseManifest(text, "m/model.yaml", folder);
  return manifest.ok() ? "ok" : std::string(manifest.status().message());
}

TEST(Manifest, EmptyFileIsATensorModelNamedAfterItsFolder) {
  const auto manifest = ParseManifest("", "model.yaml", "m");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->id(), "m");
  EXPECT_EQ(manifest->task(), "tensor");
  EXPECT_EQ(manifest->engine(), "auto");
  EXPECT_EQ(manifest->max_batch(), 1u);
  EXPECT_EQ(manifest->queue().max_items(), 256u);
  EXPECT_EQ(manifest->input().std_size(), 3);
  EXPECT_EQ(manifest->input().scale(), 1);
}

TEST(Manifest, ReadsAFaceDetector) {
  const auto manifest = ParseManifest(R"(
id: face_detection_v2
task: face_detection
description: "CenterFace, 320 px"
max_batch: 1
input: {width: 320, height: 240, resize: stretch, color: bgr, mean: [1, 2, 3], layout: nhwc}
face_detection: {decoder: centerface, nms_iou: 0.4, calibration: {threshold: 0.30}}
)",
                                      "model.yaml", "face_detection_v2");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->input().height(), 240u);
  EXPECT_EQ(manifest->input().resize(), config::ImageInput::STRETCH);
  EXPECT_EQ(manifest->input().color(), config::ImageInput::BGR);
  EXPECT_EQ(manifest->input().layout(), config::ImageInput::NHWC);
  EXPECT_EQ(manifest->input().mean(2), 3);
  EXPECT_EQ(manifest->face_detection().decoder(), config::FaceDetection::CENTERFACE);
  EXPECT_FLOAT_EQ(manifest->face_detection().calibration().threshold(), 0.3f);
  EXPECT_FLOAT_EQ(manifest->face_detection().nms_iou(), 0.4f);
  EXPECT_EQ(manifest->face_detection().pyramid().halvings(), 0u);
  EXPECT_EQ(manifest->face_detection().pyramid().face_max(), 128u);
}

TEST(Manifest, EveryMistakeIsNamed) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"task: tensor\nmax_bach: 2", "m/model.yaml:2: unknown key 'max_bach'; valid keys: id, task"},
      {"id: other", "id 'other' is not the folder's name 'm'"},
      {"max_batch: 0", "m/model.yaml:1: max_batch must be at least 1 and at most 1024, not 0"},
      {"input:\n  mean: [1, 2]", "m/model.yaml:2: input.mean must have 3 elements"},
      {"input: {std: [1, 0, 1]}", "input.std[1] must be at least"},
      {"input: {color: RGB}", "input.color must be one of rgb, bgr, not 'RGB'"},
      {"input: {width: 320}", "input needs both width and height"},
      {"task: face_detection", "face_detection.decoder: centerface, yunet, blazeface or boxes"},
      {"face_detection: {decoder: decoder_unspecified}", "must be one of centerface, yunet, blazeface, boxes"},
      {"versions: {policy: list}", "versions.list is empty"},
      {"text_classification: {ngram: {min: 4, max: 2}}", "ngram.min is greater than"},
      {"alias_of: x\nmax_batch: 2", "alias_of allows only id and description"},
      {"a: [", "m/model.yaml:1: "},
  };
  for (const Case& c : cases) EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
  EXPECT_THAT(ErrorOf("", "a b"), HasSubstr("is not a model id"));
}

TEST(Manifest, EveryManifestOfTheRepositoryIsValid) {
  namespace fs = std::filesystem;
  int seen = 0;
  for (const auto& folder : fs::directory_iterator(SLUICE_SOURCE_DIR "/models")) {
    const fs::path file = folder.path() / "model.yaml";
    if (!fs::exists(file)) continue;
    const auto manifest = ReadManifest(file.string(), folder.path().filename().string());
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace sluice
