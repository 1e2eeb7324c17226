// libjpeg reports errors by calling a function that must not return. This is the one place with setjmp.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <type_traits>

// clang-format off: jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>
// clang-format on

namespace sluice {

// Error manager of one libjpeg struct. Warnings that mean damaged pixels count as errors: libjpeg would go on and fill
// the rest with grey. Harmless ones (stray bytes between markers, which many cameras write) are let through.
struct JpegGuard {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  int code = 0;  // libjpeg's message code of the error that ended Run
  char message[JMSG_LENGTH_MAX] = "";

  JpegGuard();
  JpegGuard(const JpegGuard&) = delete;
  JpegGuard& operator=(const JpegGuard&) = delete;

  // Ends the running Run as an error found by ourselves; `text` without a full stop.
  [[noreturn]] void Fail(const char* text);

  // The data ended before the image did.
  bool ended_early() const;

  // Calls body(); false when libjpeg gave up in it, then `code` and `message` are set. The body is left by a jump, so
  // neither it nor what it calls may hold objects that need a destructor.
  template <class Body>
  bool Run(Body&& body) {
    static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>);
    if (setjmp(jump) != 0) return false;
    body();
    return true;
  }
};

}  // namespace sluice
