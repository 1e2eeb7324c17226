#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <random>

#include "base/error.h"
#include "pipeline/face_detection/decoder.h"

namespace sluice {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Outputs that a test fills, all zero at first.
class Outputs {
 public:
  std::vector<float>& Add(std::string_view name, Shape shape, float fill = 0) {
    size_t count = 1;
    for (int64_t side : shape) count *= static_cast<size_t>(side);
    std::vector<float>& values = buffers_.emplace_back(count, fill);
    views_.push_back({name, DType::kFp32, shape, values.data(), count * sizeof(float)});
    return values;
  }
  std::vector<float>& operator[](std::string_view name) {
    for (size_t i = 0; i < views_.size(); ++i) {
      if (views_[i].name == name) return buffers_[i];
    }
    ADD_FAILURE() << name;
    return buffers_[0];
  }
  std::vector<TensorView>& views() { return views_; }
  std::deque<std::vector<float>>& buffers() { return buffers_; }

 private:
  std::deque<std::vector<float>> buffers_;
  std::vector<TensorView> views_;
};

Outputs YunetOutputs(int width, int height) {
  static const char* const kNames[3][4] = {{"cls_8", "obj_8", "bbox_8", "kps_8"},
                                           {"cls_16", "obj_16", "bbox_16", "kps_16"},
                                           {"cls_32", "obj_32", "bbox_32", "kps_32"}};
  Outputs outputs;
  for (int level = 0; level < 3; ++level) {
    int64_t cells = int64_t{width >> (3 + level)} * (height >> (3 + level));
    outputs.Add(kNames[level][0], {1, cells, 1});
    outputs.Add(kNames[level][1], {1, cells, 1});
    outputs.Add(kNames[level][2], {1, cells, 4});
    outputs.Add(kNames[level][3], {1, cells, 10});
  }
  return outputs;
}

Outputs CenterfaceOutputs(int width, int height) {
  Outputs outputs;
  outputs.Add("537", {1, 1, height / 4, width / 4});
  outputs.Add("538", {1, 2, height / 4, width / 4});
  outputs.Add("539", {1, 2, height / 4, width / 4});
  outputs.Add("540", {1, 10, height / 4, width / 4});
  return outputs;
}

Outputs BlazefaceOutputs(int anchors) {
  Outputs outputs;
  outputs.Add("regressors", {1, anchors, 16});
  outputs.Add("classificators", {1, anchors, 1}, -100);
  return outputs;
}

Outputs BoxesOutputs(int count) {
  Outputs outputs;
  outputs.Add("boxes", {1, count, 4});
  outputs.Add("scores", {1, count});
  return outputs;
}

std::vector<FaceBox> Decode(std::string_view name, Outputs& outputs, InputSize input, float threshold) {
  const FaceDecoder* decoder = FindFaceDecoder(name);
  absl::Status status = decoder->check_signature(outputs.views(), input);
  EXPECT_TRUE(status.ok()) << status;
  std::vector<FaceBox> boxes;
  status = decoder->decode(outputs.views(), input, threshold, boxes);
  EXPECT_TRUE(status.ok()) << status;
  return boxes;
}

void ExpectBox(const FaceBox& box, float x1, float y1, float x2, float y2, float score) {
  EXPECT_NEAR(box.x1, x1, 1e-3);
  EXPECT_NEAR(box.y1, y1, 1e-3);
  EXPECT_NEAR(box.x2, x2, 1e-3);
  EXPECT_NEAR(box.y2, y2, 1e-3);
  EXPECT_NEAR(box.score, score, 1e-5);
}

TEST(DecodersTest, Yunet) {
  Outputs outputs = YunetOutputs(320, 256);
  int cell = 3 * 20 + 5;  // stride 16: row 3, column 5 of 20 columns
  outputs["cls_16"][cell] = 0.81f;
  outputs["obj_16"][cell] = 0.64f;
  outputs["bbox_16"][cell * 4 + 0] = 0.5f;
  outputs["bbox_16"][cell * 4 + 1] = 0.25f;
  outputs["bbox_16"][cell * 4 + 2] = std::log(2.0f);
  outputs["bbox_16"][cell * 4 + 3] = std::log(3.0f);
  std::vector<FaceBox> boxes = Decode("yunet", outputs, {320, 256}, 0.5f);
  ASSERT_EQ(boxes.size(), 1u);
  ExpectBox(boxes[0], 88 - 16, 52 - 24, 88 + 16, 52 + 24, 0.72f);
  EXPECT_EQ(Decode("yunet", outputs, {320, 256}, 0.7201f).size(), 0u);
}

TEST(DecodersTest, YunetScoresAboveOneAreClipped) {
  Outputs outputs = YunetOutputs(64, 64);
  outputs["cls_8"][0] = 1.5f;
  outputs["obj_8"][0] = 0.25f;
  std::vector<FaceBox> boxes = Decode("yunet", outputs, {64, 64}, 0.1f);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_NEAR(boxes[0].score, 0.5f, 1e-6);
  EXPECT_TRUE(Decode("yunet", outputs, {64, 64}, 0.51f).empty());
}

TEST(DecodersTest, Centerface) {
  Outputs outputs = CenterfaceOutputs(96, 64);
  size_t cells = 24 * 16, cell = 5 * 24 + 7;
  outputs["537"][cell] = 0.9f;
  outputs["538"][cell] = std::log(4.0f);          // height
  outputs["538"][cells + cell] = std::log(2.0f);  // width
  outputs["539"][cell] = 0.25f;                   // y
  outputs["539"][cells + cell] = 0.5f;            // x
  std::vector<FaceBox> boxes = Decode("centerface", outputs, {96, 64}, 0.3f);
  ASSERT_EQ(boxes.size(), 1u);
  ExpectBox(boxes[0], 32 - 4, 23 - 8, 32 + 4, 23 + 8, 0.9f);
}

TEST(DecodersTest, CenterfaceWithOtherNamesGoesByChannels) {
  Outputs outputs;
  outputs.Add("heat", {1, 1, 8, 8})[9] = 0.9f;
  outputs.Add("size", {1, 2, 8, 8});
  outputs.Add("offset", {1, 2, 8, 8});
  EXPECT_EQ(Decode("centerface", outputs, {32, 32}, 0.3f).size(), 1u);
}

TEST(DecodersTest, BlazefaceShort) {
  Outputs outputs = BlazefaceOutputs(896);
  int anchor = 512 + 6 * (2 * 8 + 3) + 4;  // second grid: row 2, column 3 of 8
  outputs["classificators"][anchor] = 0;
  float* r = &outputs["regressors"][anchor * 16];
  r[0] = 4, r[1] = -8, r[2] = 32, r[3] = 40;
  std::vector<FaceBox> boxes = Decode("blazeface", outputs, {128, 128}, 0.4f);
  ASSERT_EQ(boxes.size(), 1u);
  ExpectBox(boxes[0], 60 - 16, 32 - 20, 60 + 16, 32 + 20, 0.5f);
}

TEST(DecodersTest, BlazefaceFull) {
  Outputs outputs = BlazefaceOutputs(2304);
  int anchor = 10 * 48 + 20;
  outputs["classificators"][anchor] = 2;
  float* r = &outputs["regressors"][anchor * 16];
  r[2] = 8, r[3] = 8;
  std::vector<FaceBox> boxes = Decode("blazeface", outputs, {192, 192}, 0.5f);
  ASSERT_EQ(boxes.size(), 1u);
  ExpectBox(boxes[0], 82 - 4, 42 - 4, 82 + 4, 42 + 4, 0.880797f);
}

TEST(DecodersTest, Boxes) {
  Outputs outputs = BoxesOutputs(3);
  outputs["scores"] = {0.9f, 0.2f, 0.8f};
  outputs["boxes"] = {0.1f, 0.2f, 0.3f, 0.4f, 0, 0, 1, 1, 0.5f, 0.5f, 1, 1};
  std::vector<FaceBox> boxes = Decode("boxes", outputs, {320, 200}, 0.5f);
  ASSERT_EQ(boxes.size(), 2u);
  ExpectBox(boxes[0], 64, 20, 128, 60, 0.9f);
  outputs.Add("count", {1})[0] = 1;
  EXPECT_EQ(Decode("boxes", outputs, {320, 200}, 0.5f).size(), 1u);
  outputs["count"][0] = kNan;
  EXPECT_EQ(Decode("boxes", outputs, {320, 200}, 0.5f).size(), 0u);
}

struct Model {
  std::string_view decoder;
  InputSize input;
  Outputs outputs;
};

std::vector<Model> Models() {
  std::vector<Model> models;
  models.reserve(5);  // the views point into the outputs: no copies
  models.push_back({"yunet", {96, 64}, YunetOutputs(96, 64)});
  models.push_back({"centerface", {96, 64}, CenterfaceOutputs(96, 64)});
  models.push_back({"blazeface", {128, 128}, BlazefaceOutputs(896)});
  models.push_back({"blazeface", {192, 192}, BlazefaceOutputs(2304)});
  models.push_back({"boxes", {320, 320}, BoxesOutputs(10)});
  return models;
}

TEST(DecodersTest, AnythingInTheOutputsGivesFiniteBoxesWithTheirScores) {
  std::mt19937 random(3);
  const float odd[] = {kNan, kInf, -kInf, 1e38f, -1e38f, 90.0f, 0.0f, 0.7f, 1.0f};
  for (Model& model : Models()) {
    for (int round = 0; round < 20; ++round) {
      for (auto& buffer : model.outputs.buffers()) {
        for (float& value : buffer) value = odd[random() % std::size(odd)];
      }
      for (float threshold : {0.0f, 0.5f, 1.0f}) {
        for (const FaceBox& box : Decode(model.decoder, model.outputs, model.input, threshold)) {
          ASSERT_TRUE(std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2));
          ASSERT_TRUE(box.x2 > box.x1 && box.y2 > box.y1);
          ASSERT_TRUE(box.score >= threshold && box.score <= 1.0f) << model.decoder << box.score;
        }
      }
    }
  }
}

TEST(DecodersTest, AWrongModelIsRefusedAtLoad) {
  for (Model& model : Models()) {
    const FaceDecoder* decoder = FindFaceDecoder(model.decoder);
    std::vector<TensorView> views = model.outputs.views();
    EXPECT_TRUE(decoder->check_signature(views, model.input).ok());
    EXPECT_FALSE(decoder->check_signature({}, model.input).ok());
    for (size_t i = 0; i < 2; ++i) {
      std::vector<TensorView> wrong = views;
      wrong[i].dtype = DType::kFp16;
      EXPECT_FALSE(decoder->check_signature(wrong, model.input).ok()) << model.decoder << wrong[i].name;
      wrong = views;
      wrong[i].shape[1] += 1;
      EXPECT_FALSE(decoder->check_signature(wrong, model.input).ok()) << model.decoder << wrong[i].name;
    }
  }
  Outputs outputs = YunetOutputs(320, 256);
  absl::Status status = FindFaceDecoder("yunet")->check_signature(outputs.views(), {320, 320});
  EXPECT_TRUE(status.message().find("needs two outputs [1,1600,1] and one [1,1600,4]") != absl::string_view::npos)
      << status;
  EXPECT_FALSE(FindFaceDecoder("yunet")->check_signature(outputs.views(), {321, 256}).ok());
}

TEST(DecodersTest, NothingIsReadBeyondShortOutputs) {
  for (Model& model : Models()) {
    const FaceDecoder* decoder = FindFaceDecoder(model.decoder);
    for (size_t i = 0; i < 2; ++i) {
      std::vector<TensorView> views = model.outputs.views();
      views[i].bytes -= sizeof(float);
      std::vector<FaceBox> boxes;
      absl::Status status = decoder->decode(views, model.input, 0.5f, boxes);
      EXPECT_EQ(ReasonOf(status), Reason::MODEL_FAILED) << model.decoder << views[i].name;
    }
  }
}

TEST(DecodersTest, AreFoundByName) {
  EXPECT_EQ(FaceDecoders().size(), 4u);
  EXPECT_EQ(FindFaceDecoder("mtcnn"), nullptr);
}

}  // namespace
}  // namespace sluice
