#include "admission/admission.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/identity/identity_engine.h"

namespace sluice {
namespace {

// A version of nothing.
ModelHandle MakeVersion(std::string id) {
  ModelVersion::Parts parts;
  parts.id = std::move(id);
  parts.version = "1";
  parts.model = *MakeIdentityEngine()->Load(nullptr, {});
  return std::make_shared<ModelVersion>(std::move(parts));
}

// Proposes the versions of the test one after the other, and notes what passes.
struct Script {
  std::vector<ModelHandle> versions;
  std::string refused;  // the id that the second layer refuses
  std::string notes;
};

class ProposingLayer final : public AdmissionLayer {
 public:
  explicit ProposingLayer(Script& script) : script_(script) {}
  std::string_view name() const override { return "propose"; }
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) override {
    if (use.model_id == "unknown") return Error(Reason::MODEL_NOT_FOUND, "no such model");
    if (!why.ok()) script_.notes += " !" + std::string(ai::inference::Reason_Name(ReasonOf(why)));
    return next_ < script_.versions.size() ? script_.versions[next_++] : nullptr;
  }
  absl::Status Enter(ModelUse& use) override {
    script_.notes += " +" + use.model->id() + (use.degraded ? "(degraded)" : "");
    return absl::OkStatus();
  }
  void Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept override {
    script_.notes += " -" + use.model->id() + (outcome.ok() ? "" : "!");
    infer = times.infer.took;
  }
  Duration infer{};

 private:
  Script& script_;
  size_t next_ = 0;
};

class RefusingLayer final : public AdmissionLayer {
 public:
  explicit RefusingLayer(Script& script) : script_(script) {}
  std::string_view name() const override { return "refuse"; }
  absl::Status Enter(ModelUse& use) override {
    ++use.model->State<Count>(*this).entered;
    if (use.model->id() == script_.refused) return Error(Reason::CIRCUIT_OPEN, "open");
    script_.notes += " ok";
    return absl::OkStatus();
  }
  struct Count {
    explicit Count(const ModelVersion&) {}
    int entered = 0;
  };

 private:
  Script& script_;
};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() : chain_(Layers()) {}
  std::vector<std::unique_ptr<AdmissionLayer>> Layers() {
    auto first = std::make_unique<ProposingLayer>(script_);
    auto second = std::make_unique<RefusingLayer>(script_);
    proposing_ = first.get();
    refusing_ = second.get();
    std::vector<std::unique_ptr<AdmissionLayer>> layers;
    layers.push_back(std::move(first));
    layers.push_back(std::move(second));
    return layers;
  }
  // The queues of `full` refuse.
  absl::StatusOr<Ticket> Submit(std::string id = "a") {
    return chain_.Submit({.model_id = std::move(id)}, [this](Admitted& admitted) -> absl::StatusOr<Ticket> {
      if (admitted.use().model->id() == full_) return Error(Reason::OVERLOADED, "full");
      taken_.push_back(std::move(admitted));
      return Ticket{7};
    });
  }

  Script script_{.versions = {MakeVersion("a"), MakeVersion("b")}, .refused = {}, .notes = {}};
  ProposingLayer* proposing_ = nullptr;
  RefusingLayer* refusing_ = nullptr;
  Admission chain_;
  std::string full_;
  std::vector<Admitted> taken_;
};

TEST_F(AdmissionTest, TheFirstVersionThatTakesAUseKeepsItUntilItsEnd) {
  EXPECT_EQ(*Submit(), 7u);
  EXPECT_EQ(script_.notes, " +a ok");
  JobTimes times;
  times.infer.Add(TimePoint{}, TimePoint{} + std::chrono::milliseconds(3));
  taken_.front().End(absl::OkStatus(), times);
  taken_.front().End(Error(Reason::INTERNAL, "twice"));
  EXPECT_EQ(script_.notes, " +a ok -a");
  EXPECT_EQ(proposing_->infer, std::chrono::milliseconds(3));
}

TEST_F(AdmissionTest, AfterARefusalByALayerTheNextVersionIsTried) {
  script_.refused = "a";
  EXPECT_TRUE(Submit().ok());
  EXPECT_EQ(script_.notes, " +a -a! !CIRCUIT_OPEN +b(degraded) ok");
  EXPECT_TRUE(taken_.front().use().degraded);
}

TEST_F(AdmissionTest, AfterARefusalByTheQueueTheNextVersionIsTried) {
  full_ = "a";
  EXPECT_TRUE(Submit().ok());
  EXPECT_EQ(script_.notes, " +a ok -a! !OVERLOADED +b(degraded) ok");
}

TEST_F(AdmissionTest, WhenNoneTakesItTheFirstRefusalIsTheAnswer) {
  full_ = "a";
  script_.refused = "b";
  EXPECT_EQ(ReasonOf(Submit().status()), Reason::OVERLOADED);
  EXPECT_EQ(script_.notes, " +a ok -a! !OVERLOADED +b(degraded) -b! !CIRCUIT_OPEN");
}

TEST_F(AdmissionTest, AnUnknownModelIsRefusedBeforeAnyLayerIsEntered) {
  EXPECT_EQ(ReasonOf(Submit("unknown").status()), Reason::MODEL_NOT_FOUND);
  EXPECT_EQ(script_.notes, "");
}

TEST_F(AdmissionTest, ADroppedUseEndsAsCancelled) {
  ASSERT_TRUE(Submit().ok());
  taken_.clear();
  EXPECT_EQ(script_.notes, " +a ok -a!");
}

TEST_F(AdmissionTest, ALayerKeepsStateForEachVersion) {
  script_.versions.push_back(script_.versions[0]);
  script_.refused = "a";
  ASSERT_TRUE(Submit().ok());
  script_.refused.clear();
  ASSERT_TRUE(Submit().ok());
  EXPECT_EQ(script_.versions[0]->State<RefusingLayer::Count>(*refusing_).entered, 2);
  EXPECT_EQ(script_.versions[1]->State<RefusingLayer::Count>(*refusing_).entered, 1);
}

}  // namespace
}  // namespace sluice
