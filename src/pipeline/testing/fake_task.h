// A task under a real one's name, whose jobs do what a test says.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "pipeline/job.h"
#include "pipeline/task.h"

namespace sluice {

template <typename Input, typename Output>
class FakeTask final : public ModelTask {
 public:
  // Finishes the job, or loses it.
  using Compute = std::function<void(Job<Input, Output>& job)>;

  FakeTask(std::string_view name, Compute compute) : name_(name), compute_(std::move(compute)) {}
  std::string_view name() const override { return name_; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion&) const override {
    return std::make_shared<Runner>(compute_);
  }

 private:
  class Runner final : public WorkRunner {
   public:
    explicit Runner(Compute compute) : compute_(std::move(compute)) {}
    void Run(int, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
      for (auto& work : batch) {
        auto& job = static_cast<Job<Input, Output>&>(*work);
        if (stop.stop_requested()) {
          job.Finish(Error(Reason::CANCELLED, "told to stop"));
        } else {
          compute_(job);
        }
      }
    }

   private:
    const Compute compute_;
  };

  const std::string name_;
  const Compute compute_;
};

}  // namespace sluice
