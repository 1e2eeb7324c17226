#include "base/decode_memory.h"

#include "base/error.h"
#include "base/no_memory.h"
#include "base/strings.h"

namespace sluice {

absl::Status DecodeMemory::Take(size_t bytes) {
  if (bytes > bytes_max() || taken_ > bytes_max() - bytes) {
    return Error(Reason::BODY_TOO_LARGE,
                 StrCat("the message would take more than ", bytes_max(), " bytes of memory; send less per message"));
  }
  if (taken_ + bytes >= kSmallBytes && !hold_.TryResize(budget_, came_ + taken_ + bytes)) {
    return NoMemoryFor(StrCat("a message that takes ", bytes, " bytes of memory"));
  }
  taken_ += bytes;
  return absl::OkStatus();
}

void DecodeMemory::Set(size_t taken) {
  taken_ = taken;
  hold_.Resize(budget_, came_ + (taken < kSmallBytes ? 0 : taken));
}

void DecodeMemory::Keep(size_t bytes) {
  came_ = 0;
  Set(bytes);
}

}  // namespace sluice
