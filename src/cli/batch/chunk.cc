#include "cli/batch/chunk.h"

#include <google/protobuf/struct.pb.h>

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "cli/batch/retry.h"
#include "json/reader.h"

namespace sluice::cli {
namespace {

enum class Verdict { kAnswered, kRefused, kFailed, kHopeless };

Verdict Judge(const absl::StatusOr<HttpAnswer>& answer) {
  if (!answer.ok()) return Verdict::kFailed;
  switch (answer->status) {
    case 200: return Verdict::kAnswered;
    case 400:
    case 413:
    case 415:
    case 422: return Verdict::kRefused;
    case 408:
    case 425:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504: return Verdict::kFailed;
    default: return Verdict::kHopeless;
  }
}

// These may be about the items; others are about the server, and other items would fare no better.
bool MayBeTheItems(const absl::StatusOr<HttpAnswer>& answer) {
  return answer.ok() && (answer->status == 500 || answer->status == 504);
}

std::string Explain(const absl::StatusOr<HttpAnswer>& answer) {
  if (!answer.ok()) return std::string(answer.status().message());
  google::protobuf::Struct problem;
  if (json::JsonToMessage(answer->body, problem).ok()) {
    const auto it = problem.fields().find("detail");
    if (it != problem.fields().end()) return StrCat(answer->status, ": ", it->second.string_value());
  }
  return StrCat("the server answered ", answer->status);
}

}  // namespace

Chunk::Chunk(std::vector<Item> items, const Format& format)
    : items_(std::move(items)), format_(format), lines_(items_.size()) {
  for (size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].error.empty()) {
      Reject(i, items_[i].error);
    } else if (!parts_.empty() && parts_.back().end == i && i - parts_.back().begin < format_.items_max()) {
      parts_.back().end = i + 1;
    } else {
      parts_.push_back({i, i + 1});
    }
  }
}

const Chunk::Send* Chunk::Next() {
  while (status_.ok() && !parts_.empty()) {
    if (made_) return &send_;
    const auto [begin, end] = parts_.front();
    const auto items = std::span(items_).subspan(begin, end - begin);
    auto request = format_.Request(items);
    if (request.ok()) {
      send_ = {items, *std::move(request), StrCat(run_id, "-", items.front().line, "-", items.back().line)};
      made_ = true;
      return &send_;
    }
    Refused(ToStd(request.status().message()));
  }
  return nullptr;
}

absl::Duration Chunk::Answered(const absl::StatusOr<HttpAnswer>& answer, Random& random) {
  switch (Judge(answer)) {
    case Verdict::kFailed: return Failed(answer, random);
    case Verdict::kRefused: Refused(Explain(answer)); break;
    case Verdict::kHopeless:
      status_ = Error(Reason::INVALID_REQUEST, StrCat("the server refuses every item: ", Explain(answer)));
      break;
    case Verdict::kAnswered:
      if (auto lines = format_.Lines(send_.items, answer->body); lines.ok()) {
        std::move(lines->begin(), lines->end(), lines_.begin() + static_cast<ptrdiff_t>(parts_.front().begin));
        PartDone();
      } else {
        status_ = lines.status();
      }
  }
  return absl::ZeroDuration();
}

absl::Duration Chunk::Failed(const absl::StatusOr<HttpAnswer>& answer, Random& random) {
  const auto delay = RetryDelay(++failures_, answer.ok() ? answer->retry_after : std::nullopt, random);
  if (delay) return *delay;
  if (MayBeTheItems(answer)) {
    Refused(Explain(answer));
  } else {
    status_ = Error(Reason::MODEL_UNAVAILABLE, StrCat("gave up after ", failures_, " tries: ", Explain(answer)));
  }
  return absl::ZeroDuration();
}

// The front part in halves, or its only item rejected.
void Chunk::Refused(std::string_view why) {
  const auto [begin, end] = parts_.front();
  PartDone();
  if (end - begin == 1) return Reject(begin, why);
  const size_t middle = begin + (end - begin) / 2;
  parts_.push_front({middle, end});
  parts_.push_front({begin, middle});
}

void Chunk::Reject(size_t index, std::string_view why) {
  lines_[index] = format_.Rejected(items_[index], why);
  ++rejected_;
}

void Chunk::PartDone() {
  parts_.pop_front();
  made_ = false;
  failures_ = 0;
}

std::string Chunk::Lines() const {
  std::string all;
  for (const std::string& line : lines_) all += StrCat(line, "\n");
  return all;
}

}  // namespace sluice::cli
