// Any bytes as an MJPEG clip: images lie inside it, in order, begin with SOI, and there are only so many.
#include <cstdint>
#include <cstdlib>

#include "pipeline/image/mjpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view clip(reinterpret_cast<const char*>(data), size);
  sluice::MjpegSplitter splitter(clip);
  const char* at = clip.data();
  while (const auto picture = splitter.Next()) {
    if (picture->size() < 2 || picture->substr(0, 2) != "\xff\xd8") std::abort();
    if (picture->data() < at || picture->data() + picture->size() > clip.data() + clip.size()) std::abort();
    at = picture->data() + picture->size();
  }
  return 0;
}
