// The files of console/ as compiled in (cmake/SluiceRooms.cmake); those for browsers are compressed with gzip.
#pragma once

#include <string_view>

namespace sluice {

extern const std::string_view kConsoleIndex;  // not compressed: front_page.cc fills it in
extern const std::string_view kConsoleScript;
extern const std::string_view kConsoleStyle;
extern const std::string_view kConsoleAstronaut;  // JPEG, not compressed

}  // namespace sluice
