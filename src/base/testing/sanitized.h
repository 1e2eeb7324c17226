// For tests of what a sanitizer changes: time, memory, threads.
#pragma once

namespace sluice {

// The compiler's own macro is taken back for protobuf's sake (cmake/SluiceOptions.cmake).
#ifdef _GLIBCXX_TSAN
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = kThreadSanitizer;
#endif

}  // namespace sluice
