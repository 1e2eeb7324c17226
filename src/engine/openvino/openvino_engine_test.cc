#include "engine/openvino/openvino_engine.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/testing/temp_folder.h"
#include "engine/shape.h"
#include "gtest/gtest.h"
#include "openvino/openvino.hpp"
#include "openvino/opsets/opset8.hpp"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// y = x * 2 + 1 over an open batch of rows of three, written as IR; xs/ys pairs are easy to check.
class OpenVinoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto x = std::make_shared<ov::opset8::Parameter>(ov::element::f32, ov::PartialShape{-1, 3});
    x->set_friendly_name("x");
    x->output(0).set_names({"x"});
    const auto two = ov::opset8::Constant::create(ov::element::f32, {1}, {2});
    const auto one = ov::opset8::Constant::create(ov::element::f32, {1}, {1});
    const auto y = std::make_shared<ov::opset8::Add>(std::make_shared<ov::opset8::Multiply>(x, two), one);
    y->output(0).set_names({"y"});
    model_ = (folder_ / "model.xml").string();
    ov::serialize(std::make_shared<ov::Model>(ov::OutputVector{y}, ov::ParameterVector{x}), model_);
  }

  std::unique_ptr<Session> NewSession(const LoadOptions& options = {}) {
    auto model = engine_->Load(*ModelFiles::Read(model_), options);
    EXPECT_TRUE(model.ok()) << model.status();
    auto session = (*model)->NewSession();
    EXPECT_TRUE(session.ok()) << session.status();
    return std::move(*session);
  }

  std::unique_ptr<Engine> engine_ = MakeOpenVinoEngine();
  const TempFolder folder_;
  std::string model_;
};

TEST_F(OpenVinoTest, SignatureHasNamesTypesAndOpenDimensions) {
  const auto model = engine_->Load(*ModelFiles::Read(model_), {});
  ASSERT_TRUE(model.ok()) << model.status();
  const ModelSignature& signature = (*model)->signature();
  ASSERT_EQ(signature.inputs.size(), 1u);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.inputs[0].dtype, DType::kFp32);
  EXPECT_EQ(signature.inputs[0].shape, Shape({-1, 3}));
  EXPECT_EQ(signature.outputs[0].name, "y");
}

TEST_F(OpenVinoTest, ComputesFromItsOwnBufferAndFromTheCallers) {
  auto session = NewSession();
  for (int rows = 1; rows <= 3; ++rows) {
    const auto buffer = session->InputBuffer(0, {rows, 3});
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    for (int i = 0; i < rows * 3; ++i) static_cast<float*>(*buffer)[i] = static_cast<float>(i);
    ASSERT_TRUE(session->Run().ok());
    const auto output = session->Output(0);
    ASSERT_TRUE(output.ok());
    EXPECT_EQ(output->shape, Shape({rows, 3}));
    EXPECT_EQ(output->As<float>().back(), (rows * 3 - 1) * 2 + 1);
  }
  const float mine[] = {10, 20, 30};
  ASSERT_TRUE(session->SetInput(0, {"x", DType::kFp32, {1, 3}, mine, sizeof mine}).ok());
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->Output(0)->As<float>()[2], 61);
  // And back to the own buffer, which keeps its address while the shape stays.
  const auto first = session->InputBuffer(0, {1, 3});
  const auto second = session->InputBuffer(0, {1, 3});
  EXPECT_EQ(*first, *second);
}

TEST_F(OpenVinoTest, CallerMemoryCountsForOneRunOnly) {
  auto session = NewSession();
  const float mine[] = {10, 20, 30};
  ASSERT_TRUE(session->SetInput(0, {"x", DType::kFp32, {1, 3}, mine, sizeof mine}).ok());
  ASSERT_TRUE(session->Run().ok());
  const absl::Status status = session->Run();
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
  EXPECT_EQ(FieldOf(status), "x");
}

TEST_F(OpenVinoTest, WrongTypeShapeOrSizeNamesTheInput) {
  auto session = NewSession();
  const float mine[] = {1, 2, 3, 4};
  for (const TensorView& wrong :
       {TensorView{"x", DType::kInt32, {1, 3}, mine, 12}, TensorView{"x", DType::kFp32, {1, 4}, mine, 16},
        TensorView{"x", DType::kFp32, {1, 3}, mine, 16}, TensorView{"x", DType::kFp32, {3}, mine, 12}}) {
    const absl::Status status = session->SetInput(0, wrong);
    EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
    EXPECT_EQ(FieldOf(status), "x");
  }
  EXPECT_EQ(ReasonOf(session->InputBuffer(0, {1, 4}).status()), Reason::INVALID_REQUEST);
}

TEST_F(OpenVinoTest, ReshapeFixesTheInput) {
  auto model = engine_->Load(*ModelFiles::Read(model_), {.reshape = {{"", {4, 3}}}});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->signature().inputs[0].shape, Shape({4, 3}));
  EXPECT_EQ((*model)->signature().outputs[0].shape, Shape({4, 3}));
  EXPECT_FALSE(engine_->Load(*ModelFiles::Read(model_), {.reshape = {{"x", {4, 3, 1, 1}}, {"nope", {1}}}}).ok());
}

TEST_F(OpenVinoTest, ReshapedIsTheSameModelForAnotherInput) {
  auto model = engine_->Load(*ModelFiles::Read(model_), {.reshape = {{"", {4, 3}}}});
  ASSERT_TRUE(model.ok()) << model.status();
  const auto other = (*model)->Reshaped({2, 3});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->signature().outputs[0].shape, Shape({2, 3}));
  EXPECT_EQ((*model)->signature().outputs[0].shape, Shape({4, 3}));
  for (const auto& [made, rows] : {std::pair{*model, 4}, {*other, 2}}) {
    auto session = made->NewSession();
    ASSERT_TRUE(session.ok()) << session.status();
    const auto buffer = (*session)->InputBuffer(0, {rows, 3});
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    std::fill_n(static_cast<float*>(*buffer), rows * 3, 5.0f);
    ASSERT_TRUE((*session)->Run().ok());
    EXPECT_EQ((*session)->Output(0)->As<float>().back(), 11);
  }
}

TEST_F(OpenVinoTest, SessionsOutliveModelAndEngineAndRunSideBySide) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 2; ++i) sessions.push_back(NewSession());
  engine_.reset();
  std::vector<std::thread> threads;
  for (auto& session : sessions) {
    threads.emplace_back([&session] {
      for (int i = 0; i < 200; ++i) {
        static_cast<float*>(*session->InputBuffer(0, {1, 3}))[0] = static_cast<float>(i);
        ASSERT_TRUE(session->Run().ok());
        ASSERT_EQ(session->Output(0)->As<float>()[0], i * 2 + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OpenVinoTest, CompiledModelsAreCached) {
  const fs::path cache = folder_ / "cache" / "deep";
  NewSession({.cache_dir = cache.string()});
  EXPECT_FALSE(fs::is_empty(cache));
  // A damaged entry is not trusted.
  for (const auto& entry : fs::directory_iterator(cache)) std::ofstream(entry.path()) << "garbage";
  auto session = NewSession({.cache_dir = cache.string()});
  ASSERT_TRUE(session->InputBuffer(0, {1, 3}).ok());
  EXPECT_TRUE(session->Run().ok());
}

// The cache goes by what the model's files hold, not by their names or times.
TEST_F(OpenVinoTest, OneOtherWeightIsAnotherModelToTheCache) {
  const fs::path cache = folder_ / "cache";
  const fs::path weights = folder_ / "model.bin";
  const auto files = [&] { return std::distance(fs::directory_iterator(cache), fs::directory_iterator()); };
  const auto ask = [&] {
    auto session = NewSession({.cache_dir = cache.string()});
    static_cast<float*>(*session->InputBuffer(0, {1, 3}))[0] = 5;
    EXPECT_TRUE(session->Run().ok());
    return session->Output(0)->As<float>()[0];
  };
  EXPECT_EQ(ask(), 11);
  EXPECT_EQ(ask(), 11);
  EXPECT_EQ(files(), 1) << "the second found the first's";
  const auto time = fs::last_write_time(weights);
  std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(fs::file_size(weights), 0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const float two = 2, three = 3;
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&two), sizeof two));
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(reinterpret_cast<const char*>(&three), sizeof three);
  file.close();
  fs::last_write_time(weights, time);
  EXPECT_EQ(ask(), 16);
}

TEST_F(OpenVinoTest, ACutOffCacheEntryIsNotTrusted) {
  const fs::path cache = folder_ / "cache";
  NewSession({.cache_dir = cache.string()});
  const fs::path entry = fs::directory_iterator(cache)->path();
  const auto size = fs::file_size(entry);
  for (const uintmax_t left : {size - 1, size / 2, size / 10, uintmax_t{0}}) {
    fs::resize_file(entry, left);
    auto session = NewSession({.cache_dir = cache.string()});
    static_cast<float*>(*session->InputBuffer(0, {1, 3}))[0] = 5;
    ASSERT_TRUE(session->Run().ok());
    EXPECT_EQ(session->Output(0)->As<float>()[0], 11);
    if (!fs::exists(entry)) break;
    if (fs::file_size(entry) != size) fs::resize_file(entry, size);
  }
}

TEST_F(OpenVinoTest, UnusableFilesAreErrorsWithoutInternals) {
  for (const char* name : {"broken.onnx", "broken.tflite", "broken.xml", "absent.onnx"}) {
    const fs::path path = folder_ / name;
    if (path.stem() == "broken") std::ofstream(path) << "this is not a model";
    const auto files = ModelFiles::Read(path.string());
    const auto model = files.ok() ? engine_->Load(*files, {}) : files.status();
    ASSERT_FALSE(model.ok()) << name;
    EXPECT_EQ(ReasonOf(model.status()), Reason::MODEL_FAILED);
    EXPECT_EQ(model.status().message().find(folder_.string()), absl::string_view::npos);
  }
}

TEST(OpenVinoModels, YuNetRunsAt320) {
  const std::string path = SLUICE_SOURCE_DIR "/../shared/models/yunet_s_dynamic.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: no ../shared";
  const auto engine = MakeOpenVinoEngine();
  const auto model = engine->Load(*ModelFiles::Read(path), {.reshape = {{"", {1, 3, 320, 320}}}});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->signature().outputs.size(), 12u);
  auto session = (*model)->NewSession();
  ASSERT_TRUE(session.ok()) << session.status();
  float* input = static_cast<float*>(*(*session)->InputBuffer(0, {1, 3, 320, 320}));
  std::fill_n(input, 3 * 320 * 320, 127.0f);
  ASSERT_TRUE((*session)->Run().ok());
  for (size_t i = 0; i < 12; ++i) EXPECT_TRUE((*session)->Output(i).ok());
  EXPECT_EQ((*session)->Output(0)->shape[1] % 100, 0);
}

// The file says [10,3,32,32]; the manifest asks for [1,3,320,320].
TEST(OpenVinoModels, CenterFaceTakesTheManifestsShape) {
  const std::string path = SLUICE_SOURCE_DIR "/models/face_detection_v2/1/model.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: weights not fetched";
  const auto engine = MakeOpenVinoEngine();
  const auto model = engine->Load(*ModelFiles::Read(path), {.reshape = {{"", {1, 3, 320, 320}}}});
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ((*model)->signature().outputs.size(), 4u);
  EXPECT_EQ((*model)->signature().outputs[0].shape, Shape({1, 1, 80, 80}));
  auto session = (*model)->NewSession();
  ASSERT_TRUE(session.ok()) << session.status();
}

}  // namespace
}  // namespace sluice
