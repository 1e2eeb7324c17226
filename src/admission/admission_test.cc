#include "admission/admission.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice {
namespace {

class NotingLayer final : public AdmissionLayer {
 public:
  NotingLayer(std::string name, std::string& notes, absl::Status answer = absl::OkStatus())
      : name_(std::move(name)), notes_(notes), answer_(std::move(answer)) {}
  std::string_view name() const override { return name_; }
  absl::Status Enter(ModelUse&) override {
    notes_ += "+" + name_;
    return answer_;
  }
  void Leave(ModelUse&, const absl::Status& outcome) noexcept override {
    notes_ += "-" + name_ + (outcome.ok() ? "" : "!");
  }

 private:
  std::string name_;
  std::string& notes_;
  absl::Status answer_;
};

Admission ChainOf(std::string& notes, absl::Status second) {
  std::vector<std::unique_ptr<AdmissionLayer>> layers;
  layers.push_back(std::make_unique<NotingLayer>("a", notes));
  layers.push_back(std::make_unique<NotingLayer>("b", notes, std::move(second)));
  return Admission(std::move(layers));
}

TEST(AdmissionTest, LayersAreLeftInReverseWithTheOutcome) {
  std::string notes;
  const Admission chain = ChainOf(notes, absl::OkStatus());
  auto admitted = chain.Admit({.model_id = "m"});
  ASSERT_TRUE(admitted.ok());
  admitted->End(absl::OkStatus());
  admitted->End(Error(Reason::INTERNAL, "twice"));
  EXPECT_EQ(notes, "+a+b-b-a");
}

TEST(AdmissionTest, ARefusalLeavesOnlyTheLayersBefore) {
  std::string notes;
  const Admission chain = ChainOf(notes, Error(Reason::RATE_LIMITED, "slow down"));
  EXPECT_EQ(ReasonOf(chain.Admit({}).status()), Reason::RATE_LIMITED);
  EXPECT_EQ(notes, "+a+b-a!");
}

TEST(AdmissionTest, ADroppedUseEndsAsCancelled) {
  std::string notes;
  const Admission chain = ChainOf(notes, absl::OkStatus());
  { auto admitted = chain.Admit({}); }
  EXPECT_EQ(notes, "+a+b-b!-a!");
}

}  // namespace
}  // namespace sluice
