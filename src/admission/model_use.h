// One use of one model: a unary call's, a stream message's, or one part of a multimodal call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "base/clock.h"
#include "base/headers.h"
#include "base/principal.h"
#include "base/trace_context.h"
#include "base/work_class.h"
#include "call/layer.h"
#include "repository/model_version.h"

namespace sluice {

class AdmissionLayer;

struct ModelUse {
  // Asked for.
  std::string model_id;
  std::string version;             // empty: the default one
  std::string_view method;         // Method::name, outlives the use
  std::string key_id;              // empty = anonymous
  Principal principal = kOwnWork;  // whose share of the workers it takes
  WorkClass work_class = WorkClass::kLive;
  TraceContext trace;
  TimePoint deadline = kNever;
  double cost = 1;   // relative to the other work of its queue: see Work
  uint8_t size = 0;  // of its input: see Work
  int priority = 0;  // between equal deadlines of one principal

  // Decided by the layers: the candidate that is tried now, then the one that took the use.
  ModelHandle model;      // pinned until the use ends
  bool degraded = false;  // `model` stands in for the one that was asked for
  Headers headers;        // for the answer of the call; of a stream only what comes before its first answer is sent
  // Told of each refusal, while the use is submitted: the layer ("queue": the scheduler's own bound), the version
  // (null: none), why.
  std::function<void(std::string_view layer, const ModelVersion* model, const absl::Status& why)> on_refusal;

  // What a layer keeps from Enter to Leave, made on first use.
  template <typename T>
  T& State(const AdmissionLayer& layer) {
    if (T* known = FindState<T>(layer)) return *known;
    states.emplace_back(&layer, std::make_unique<T>());
    return static_cast<T&>(*states.back().second);
  }
  // Null before that.
  template <typename T>
  T* FindState(const AdmissionLayer& layer) {
    for (auto& [owner, state] : states) {
      if (owner == &layer) return static_cast<T*>(state.get());
    }
    return nullptr;
  }
  absl::InlinedVector<std::pair<const AdmissionLayer*, std::unique_ptr<LayerState>>, 1> states;
};

}  // namespace sluice
