// What clients are told whom nothing serves now: the operator's sentence (degrade.busy_message), then why. Their
// retry-after grows by up to a half, by chance: those who were refused together do not come back together.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"

namespace sluice {

class BusyAnswer {
 public:
  // `random` outlives it. An empty message adds nothing.
  BusyAnswer(std::string message, SharedRandom& random) : message_(std::move(message)), random_(random) {}

  absl::Status operator()(const absl::Status& why) const {
    absl::Status busy = message_.empty() ? why : Error(ReasonOf(why), StrCat(message_, ": ", ToStd(why.message())));
    why.ForEachPayload([&busy](absl::string_view url, const absl::Cord& what) { busy.SetPayload(url, what); });
    if (const auto after = RetryAfterOf(why)) {
      SetRetryAfter(busy, *after * (1 + random_.With([](Random& random) { return random.Uniform(); }) / 2));
    }
    return busy;
  }

 private:
  const std::string message_;
  SharedRandom& random_;
};

}  // namespace sluice
