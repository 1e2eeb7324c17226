#include "transport/rest/stream_form.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "transport/rest/media_type.h"

namespace sluice::rest {
namespace {

constexpr std::array<std::string_view, 2> kMediaTypes = {"application/x-ndjson", "text/event-stream"};

}  // namespace

StreamForm StreamFormFor(std::string_view accept) {
  return BestMatch(accept, kMediaTypes) == 1 ? StreamForm::kSse : StreamForm::kNdjson;
}

std::string_view MediaTypeOf(StreamForm form) { return kMediaTypes[static_cast<size_t>(form)]; }

std::string MessageText(StreamForm form, std::string json) {
  if (form == StreamForm::kSse) return StrCat("data: ", json, "\n\n");
  json += '\n';
  return json;
}

std::string ErrorText(StreamForm form, std::string problem) {
  if (form == StreamForm::kSse) return StrCat("event: error\ndata: ", problem, "\n\n");
  problem += '\n';
  return problem;
}

std::string EndText(StreamForm form) { return form == StreamForm::kSse ? "event: end\ndata: {}\n\n" : ""; }

std::string_view HeartbeatText(StreamForm form) { return form == StreamForm::kSse ? ":\n\n" : ""; }

}  // namespace sluice::rest
