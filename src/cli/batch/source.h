// Where a batch's items come from: a file of texts, or a folder of images.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/batch/item.h"

namespace sluice::cli {

class Source {
 public:
  virtual ~Source() = default;
  // The next item; false at the end. The same input gives the same items in the same order.
  virtual bool Next(Item& item) = 0;
  // Items in all.
  virtual uint64_t total() const = 0;
  // What a resumed run compares: another input has another identity. One or more lines.
  virtual std::string identity() const = 0;
};

inline constexpr size_t kLineBytesMax = 1 << 20;

// JSON lines: {"text": "…", "id": "…"} (id optional, other members ignored) or "…". Blank lines are none; what cannot
// be read is an item with an error.
absl::StatusOr<std::unique_ptr<Source>> OpenTexts(const std::string& path);
// JPEG, PNG and WebP files by name, in folders below too, in order of their paths.
absl::StatusOr<std::unique_ptr<Source>> OpenPictures(const std::string& folder);

}  // namespace sluice::cli
