// What is known of a model version's requests. A request is known by its key: what decides whether the net can be
// computed for it, which is its inputs' shapes and the few values that sizes depend on.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/openvino/restore_budget.h"
#include "engine/openvino/shape_proof.h"

namespace sluice {

// Shared by the sessions of a version; thread-safe. Keeps the last kKeysMax keys.
class RequestLedger {
 public:
  static constexpr size_t kKeysMax = 4096;
  // `budget` outlives the ledger.
  RequestLedger(std::unique_ptr<ShapeProof> proof, RestoreBudget& budget) : proof_(std::move(proof)), budget_(budget) {}

  // The key of a request with these inputs, into `key`.
  void KeyOf(std::span<const ov::Tensor> inputs, std::string& key) const;

  // Before a run. INVALID_REQUEST: it cannot be computed. MODEL_FAILED: it failed before and would again. OVERLOADED:
  // it may fail, and too much time went into failed runs; requests that ran well the last time are not held up.
  absl::Status MayRun(std::string_view key, std::span<const ov::Tensor> inputs);
  // After it.
  void RanWell(std::string_view key) { Note(key, true); }
  void Failed(std::string_view key) { Note(key, false); }

 private:
  struct Entry {
    ShapeProof::Finding finding;
    bool ran_well = false;  // the last time
    int failures = 0;       // so far
    std::list<std::string>::iterator place;
  };
  // Null when the key is not known. With mutex_.
  Entry* Find(std::string_view key);
  Entry& Insert(std::string_view key, ShapeProof::Finding finding);
  absl::Status Judge(const Entry& entry) const;
  void Note(std::string_view key, bool ok);

  const std::unique_ptr<ShapeProof> proof_;
  RestoreBudget& budget_;
  std::mutex proof_mutex_;  // one proof at a time; before mutex_
  std::mutex mutex_;
  absl::flat_hash_map<std::string_view, Entry> known_;  // the keys are in order_
  std::list<std::string> order_;                        // last used first
};

}  // namespace sluice
