// What all streaming handlers are told.
#pragma once

#include <atomic>
#include <cstddef>

namespace sluice {

struct StreamOptions {
  // Messages of one stream that may be in progress at once; then reading stops and flow control does the rest.
  size_t window = 4;
  // Set when the server drains: a stream then ends after the answers that are due. Outlives the services.
  const std::atomic<bool>* draining = nullptr;

  bool Draining() const { return draining != nullptr && draining->load(std::memory_order_relaxed); }
};

}  // namespace sluice
