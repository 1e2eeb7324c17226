// A net in ONNX Runtime with one session, for tests.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/onnx/testing/net.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/shape.h"
#include "gtest/gtest.h"

namespace sluice::ort::testing {

class Runs {
 public:
  explicit Runs(const onnx::testing::Net& net) : Runs(onnx::testing::FilesOf(net.Bytes()), {}) {}
  Runs(std::shared_ptr<const ModelFiles> files, const LoadOptions& options) {
    auto model = engine_->Load(std::move(files), options);
    if (!model.ok()) {
      ADD_FAILURE() << model.status();
      std::abort();
    }
    model_ = *std::move(model);
    session_ = *model_->NewSession();
  }

  LoadedModel& model() { return *model_; }
  Session& session() { return *session_; }

  // The values stay until this object goes.
  template <typename T>
  absl::Status Set(size_t index, DType type, const Shape& shape, const std::vector<T>& values) {
    kept_.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return session_->SetInput(index, {"", type, shape, kept_.back().data(), kept_.back().size()});
  }
  template <typename T>
  std::vector<T> Output(size_t index = 0) {
    const auto output = session_->Output(index);
    if (!output.ok()) return {};
    const auto values = output->template As<T>();
    return {values.begin(), values.end()};
  }

 private:
  const std::unique_ptr<Engine> engine_ = MakeOnnxRuntimeEngine();
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
  std::list<std::string> kept_;
};

}  // namespace sluice::ort::testing
