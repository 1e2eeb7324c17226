// A model version as OpenVINO has it: its graph, how copies of it are compiled, and what its sessions share.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/openvino/guard.h"
#include "engine/openvino/request_ledger.h"
#include "engine/openvino/restore_budget.h"
#include "openvino/core/model.hpp"
#include "openvino/runtime/compiled_model.hpp"
#include "openvino/runtime/core.hpp"

namespace sluice {

// Shared by the engine, its models and sessions: OpenVINO unloads its plugins when the last goes.
using CorePtr = std::shared_ptr<ov::Core>;

// Thread-safe.
class OpenVinoNet {
 public:
  // Takes the graph over, and adds guards to it unless its inputs are trusted. The error, for operators, says what of
  // it OpenVINO would not compute right. Throws what OpenVINO throws.
  static absl::StatusOr<std::shared_ptr<const OpenVinoNet>> Make(CorePtr core, std::shared_ptr<ov::Model> model,
                                                                 const LoadOptions& options);

  const std::string& name() const { return options_.name; }
  const ModelSignature& signature() const { return signature_; }
  const LoadOptions& options() const { return options_; }
  const ov::Model& model() const { return *model_; }
  // Null when nothing in the net depends on a request: then every request is computed like the first.
  RequestLedger* ledger() const { return ledger_.get(); }
  RestoreBudget& budget() const { return budget_; }

  // True for a net with variables: what a run leaves in them is no part of the next request.
  bool has_state() const { return !model_->get_variables().empty(); }
  // What inputs of integers may hold, in either direction.
  int64_t whole_numbers_max() const { return whole_numbers_max_; }

  // A copy of one's own, whose guards report to `report`; slow. Throws.
  ov::CompiledModel Compile(const std::shared_ptr<GuardReport>& report) const;

 private:
  OpenVinoNet(CorePtr core, std::shared_ptr<ov::Model> model, ModelSignature signature, const LoadOptions& options);
  absl::Status Guard();

  const CorePtr core_;
  const std::shared_ptr<ov::Model> model_;
  const ModelSignature signature_;
  const LoadOptions options_;
  mutable RestoreBudget budget_;
  const std::unique_ptr<RequestLedger> ledger_;
  bool guarded_ = false;
  int64_t whole_numbers_max_ = INT64_MAX;
};

}  // namespace sluice
