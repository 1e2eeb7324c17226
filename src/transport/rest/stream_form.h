// How a stream of answers is written: NDJSON (one JSON value per line) or server-sent events. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice::rest {

enum class StreamForm { kNdjson, kSse };

// By Accept: text/event-stream when the client likes it better; else NDJSON, also for clients that ask for neither.
StreamForm StreamFormFor(std::string_view accept);
std::string_view MediaTypeOf(StreamForm form);

// The text for one result; `json` has no line ends in it.
std::string MessageText(StreamForm form, std::string json);
// The last text of a stream that failed after its head: the problem as a line, or as `event: error`.
std::string ErrorText(StreamForm form, std::string problem);
// The last text of a stream that succeeded: nothing, or `event: end`, by which a client of events tells an end from a
// lost connection (NDJSON clients see the end of the response itself).
std::string EndText(StreamForm form);
// What keeps proxies and clients patient; empty where the form has no such thing.
std::string_view HeartbeatText(StreamForm form);

}  // namespace sluice::rest
