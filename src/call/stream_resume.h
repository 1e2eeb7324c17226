// How a client whose stream the server ended goes on elsewhere: with the messages after the last one that was answered.
#pragma once

#include <string_view>

namespace sluice {

// A trailer of streams that answer each message: the sequence of the last answer, from 0. Absent when there was none.
inline constexpr std::string_view kLastSequence = "x-sluice-last-sequence";

}  // namespace sluice
