// What is sent for some items, and the lines that their answer becomes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/batch/item.h"

namespace sluice::cli {

struct BatchRequest {
  std::string target, content_type, body;
};

// Thread-safe.
class Format {
 public:
  virtual ~Format() = default;
  // Items of one call at most.
  virtual size_t items_max() const = 0;
  // An error: the (only) item cannot be sent, and why.
  virtual absl::StatusOr<BatchRequest> Request(std::span<const Item> items) const = 0;
  // One JSON line per item, without the line end, from the body of a 200.
  virtual absl::StatusOr<std::vector<std::string>> Lines(std::span<const Item> items,
                                                         const std::string& body) const = 0;
  // The line of an item that was not processed.
  virtual std::string Rejected(const Item& item, std::string_view why) const = 0;
};

std::unique_ptr<Format> TextFormat(std::string model);
std::unique_ptr<Format> PictureFormat(std::string model, float min_confidence);

// Every line begins so: how a later run knows what is done.
std::string LinePrefix(const Item& item);
bool IsRejectedLine(std::string_view line);

}  // namespace sluice::cli
