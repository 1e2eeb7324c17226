// Some items on their way through the server, as decisions only: what to send, how long to wait, what happened to each
// item.
//
// A call that the server refuses for its content is sent again in halves, until the item at fault stands alone and is
// rejected. A call that fails for other reasons is retried. When retries do not help, a server that is not there (or
// refuses everything) ends the run, which can be resumed; an item that makes the server fail is rejected.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "cli/batch/format.h"
#include "cli/batch/item.h"
#include "cli/http_client.h"

namespace sluice::cli {

// Not thread-safe.
class Chunk {
 public:
  // `format` outlives the chunk.
  Chunk(std::vector<Item> items, const Format& format);

  struct Send {
    std::span<const Item> items;
    BatchRequest request;
    std::string request_id;  // the same for each try of the same items
  };
  // What to send now; null when every item has its line, or the chunk failed.
  const Send* Next();

  // The outcome: an error is a call that got no response. Returns how long to wait before the next one.
  absl::Duration Answered(const absl::StatusOr<HttpAnswer>& answer, Random& random);

  // Not OK: the run must end; see above.
  const absl::Status& status() const { return status_; }
  // With OK and no Next(): one line per item, in order, each with its line end.
  std::string Lines() const;
  size_t items() const { return items_.size(); }
  size_t rejected() const { return rejected_; }

  // Begins each request id; a run has its own, kept over a resume.
  std::string run_id;

 private:
  struct Part {
    size_t begin, end;
  };
  void Reject(size_t index, std::string_view why);
  void Refused(std::string_view why);
  absl::Duration Failed(const absl::StatusOr<HttpAnswer>& answer, Random& random);
  void PartDone();

  const std::vector<Item> items_;
  const Format& format_;
  std::vector<std::string> lines_;  // of items_; empty: not there yet
  std::deque<Part> parts_;          // to be sent, in order
  Send send_;
  bool made_ = false;  // send_ is that of parts_.front()
  int failures_ = 0;   // of parts_.front()
  size_t rejected_ = 0;
  absl::Status status_;
};

}  // namespace sluice::cli
