// The calls of the Open Inference Protocol about models, and what its inferences take beside tensors, in simulated
// time.
#include "api/open_inference/models.h"

#include <gtest/gtest.h>

#include "api/open_inference/prepare.h"
#include "api/testing/services.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

class ModelsTest : public testing::Test {
 protected:
  SimulatedCall& Ask(std::string method, const Message& request) {
    call_ = std::make_unique<SimulatedCall>(simulation_, "inference.GRPCInferenceService/" + method);
    call_->Send(request);
    return *call_;
  }
  template <typename Response>
  const Response& Answer() {
    EXPECT_EQ(call_->outcome(), "OK");
    return call_->Answer<Response>(0);
  }
  std::string StateOf(const std::string& id) {
    Ask("RepositoryIndex", inference::RepositoryIndexRequest());
    for (const auto& model : Answer<inference::RepositoryIndexResponse>().models()) {
      if (model.name() == id) return model.state();
    }
    return "none";
  }

  ServedSimulation simulation_;
  std::unique_ptr<SimulatedCall> call_;
};

TEST_F(ModelsTest, AModelIsUnloadedAndLoadedAgain) {
  EXPECT_EQ(StateOf("tensors"), "READY");
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("tensors");
  EXPECT_EQ(Ask("RepositoryModelUnload", unload).outcome(), "OK");
  EXPECT_EQ(StateOf("tensors"), "UNAVAILABLE");
  inference::ModelReadyRequest ready;
  ready.set_name("tensors");
  Ask("ModelReady", ready);
  EXPECT_FALSE(Answer<inference::ModelReadyResponse>().ready());
  EXPECT_EQ(Ask("ModelInfer", *InferItem("x")).outcome(), "MODEL_UNAVAILABLE");

  inference::RepositoryModelLoadRequest load;
  load.set_model_name("tensors");
  EXPECT_EQ(Ask("RepositoryModelLoad", load).outcome(), "OK");
  Ask("ModelReady", ready);
  EXPECT_TRUE(Answer<inference::ModelReadyResponse>().ready());
}

TEST_F(ModelsTest, WhatIsNotThereCannotBeLoaded) {
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("unknown");
  EXPECT_EQ(Ask("RepositoryModelLoad", load).outcome(), "MODEL_NOT_FOUND");
  load.set_model_name("tensors");
  (*load.mutable_parameters())["config"].set_string_param("{}");
  EXPECT_EQ(Ask("RepositoryModelLoad", load).outcome(), "UNIMPLEMENTED");
}

TEST_F(ModelsTest, ChangesThatWaitAreBounded) {
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("tensors");
  // The loop does not run in between.
  std::vector<std::string> outcomes;
  for (int i = 0; i < 17; ++i) {
    outcomes.push_back(
        std::string(InfoOf(ReasonOf(simulation_.catalog.Unload("tensors", {}, [](const absl::Status&) {}))).name));
  }
  EXPECT_NE(outcomes[15], "OVERLOADED");
  EXPECT_EQ(outcomes[16], "OVERLOADED");
}

TEST_F(ModelsTest, AChangeThatIsStoppedBeforeItsTurnIsNotMade) {
  std::stop_source gone;
  std::string outcome;
  const absl::Status begun = simulation_.catalog.Unload(
      "tensors", gone.get_token(), [&outcome](absl::Status status) { outcome = InfoOf(ReasonOf(status)).name; });
  EXPECT_TRUE(begun.ok());
  gone.request_stop();
  simulation_.loop.Run();
  EXPECT_EQ(outcome, "CANCELLED");
  EXPECT_EQ(StateOf("tensors"), "READY");
}

TEST_F(ModelsTest, MetadataConfigAndStatisticsOfAModel) {
  Ask("ModelInfer", *InferItem("x"));
  Ask("ModelInfer", *InferItem("y"));  // the first one's client has gone
  simulation_.loop.Advance(milliseconds(10));
  inference::ModelMetadataRequest metadata;
  metadata.set_name("tensors");
  Ask("ModelMetadata", metadata);
  EXPECT_EQ(Answer<inference::ModelMetadataResponse>().inputs(0).name(), "input");
  inference::ModelConfigRequest config;
  config.set_name("tensors");
  Ask("ModelConfig", config);
  EXPECT_EQ(Answer<inference::ModelConfigResponse>().config().backend(), "identity");
  inference::ModelStatisticsRequest statistics;
  statistics.set_name("tensors");
  Ask("ModelStatistics", statistics);
  const auto& stats = Answer<inference::ModelStatisticsResponse>().model_stats(0);
  EXPECT_EQ(stats.inference_stats().success().count(), 1u);
  EXPECT_EQ(stats.inference_stats().fail().count(), 1u);
  metadata.set_name("unknown");
  EXPECT_EQ(Ask("ModelMetadata", metadata).outcome(), "MODEL_NOT_FOUND");
}

TEST_F(ModelsTest, AServerThatDrainsIsAliveAndNotReady) {
  Ask("ServerLive", inference::ServerLiveRequest());
  EXPECT_TRUE(Answer<inference::ServerLiveResponse>().live());
  simulation_.draining = true;
  Ask("ServerReady", inference::ServerReadyRequest());
  EXPECT_FALSE(Answer<inference::ServerReadyResponse>().ready());
  Ask("ServerMetadata", inference::ServerMetadataRequest());
  EXPECT_EQ(Answer<inference::ServerMetadataResponse>().name(), "sluice");
}

TEST_F(ModelsTest, TheTimeoutParameterIsADeadlineOfItsOwn) {
  simulation_.scheduler.batch_time = std::chrono::seconds(60);
  const auto request = InferItem("x");
  auto& infer = static_cast<inference::ModelInferRequest&>(*request);
  (*infer.mutable_parameters())["timeout"].set_int64_param(5000);
  infer.set_id("mine");
  Ask("ModelInfer", infer);
  simulation_.loop.Advance(milliseconds(5));
  EXPECT_EQ(call_->outcome(), "DEADLINE_EXCEEDED");

  call_ = std::make_unique<SimulatedCall>(simulation_, "inference.GRPCInferenceService/ModelStreamInfer");
  call_->Send(infer);
  simulation_.loop.Advance(milliseconds(5));
  ASSERT_EQ(call_->answers.size(), 1u);
  const auto& answer = call_->Answer<inference::ModelStreamInferResponse>(0);
  EXPECT_FALSE(answer.error_message().empty());
  EXPECT_EQ(answer.infer_response().id(), "mine");
}

TEST_F(ModelsTest, ARequestWithAHigherPriorityGoesFirst) {
  const auto priority = [this](const char* content, uint64_t value) {
    const auto request = InferItem(content);
    auto& infer = static_cast<inference::ModelInferRequest&>(*request);
    (*infer.mutable_parameters())["priority"].set_uint64_param(value);
    auto call = std::make_unique<SimulatedCall>(simulation_, "inference.GRPCInferenceService/ModelInfer");
    call->Send(infer);
    return call;
  };
  const auto runs = priority("runs", 0), low = priority("low", 9), high = priority("high", 1);
  simulation_.loop.Advance(milliseconds(20));
  EXPECT_EQ(high->outcome(), "OK");
  EXPECT_EQ(low->outcome(), "");
}

TEST(InferWorkBytesTest, TextsBecomeAnObjectForEachElement) {
  inference::ModelInferRequest request;
  request.add_inputs()->set_datatype("FP32");
  request.add_raw_input_contents(std::string(4000, '\0'));
  EXPECT_EQ(InferWorkBytes(request), 0u);
  request.add_inputs()->set_datatype("BYTES");
  request.mutable_inputs(1)->add_shape(1000);
  EXPECT_EQ(InferWorkBytes(request), 0u) << "its contents are missing";
  request.add_raw_input_contents(std::string(4000, '\0'));  // a thousand of no length
  EXPECT_EQ(InferWorkBytes(request), 2u * (4000 + 1000 * 40));
  *request.mutable_raw_input_contents(1) = "\xFF\xFF";
  EXPECT_EQ(InferWorkBytes(request), 2u * 2) << "the handler refuses it";
  *request.mutable_raw_input_contents(1) = std::string(4000, '\0');
  request.mutable_inputs(1)->set_shape(0, int64_t{1} << 40);
  EXPECT_EQ(InferWorkBytes(request), 2u * (4000 + 1000 * 40)) << "no more than the bytes can hold";
  request.mutable_inputs(1)->set_shape(0, -1);
  EXPECT_EQ(InferWorkBytes(request), 2u * 4000) << "no shape";
}

}  // namespace
}  // namespace sluice
