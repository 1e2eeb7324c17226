#include "pipeline/image/jpeg_guard.h"

#include <jerror.h>

#include <cstring>

namespace sluice {
namespace {

constexpr int kOwnError = -1;

JpegGuard& GuardOf(j_common_ptr info) { return *reinterpret_cast<JpegGuard*>(info->err); }

[[noreturn]] void Leave(j_common_ptr info) {
  JpegGuard& guard = GuardOf(info);
  guard.code = info->err->msg_code;
  (*info->err->format_message)(info, guard.message);
  std::longjmp(guard.jump, 1);
}

bool IsHarmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM ||
         code == JWRN_TOO_MUCH_DATA;
}

// Level -1 is a warning, 0 and above are traces.
void OnMessage(j_common_ptr info, int level) {
  if (level < 0 && !IsHarmless(info->err->msg_code)) Leave(info);
}

void PrintNothing(j_common_ptr) {}

}  // namespace

JpegGuard::JpegGuard() {
  jpeg_std_error(&manager);
  manager.error_exit = Leave;
  manager.emit_message = OnMessage;
  manager.output_message = PrintNothing;
}

void JpegGuard::Fail(const char* text) {
  code = kOwnError;
  std::snprintf(message, sizeof(message), "%s", text);
  std::longjmp(jump, 1);
}

bool JpegGuard::ended_early() const {
  return code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JERR_INPUT_EOF || code == JERR_INPUT_EMPTY ||
         code == JERR_NO_IMAGE;
}

}  // namespace sluice
