#include "transport/rest/stream_form.h"

#include <gtest/gtest.h>

namespace sluice::rest {
namespace {

TEST(StreamFormTest, ByAccept) {
  for (const char* ndjson : {"", "*/*", "application/x-ndjson", "application/json", "text/html", "text/*;q=0.1, */*"}) {
    EXPECT_EQ(StreamFormFor(ndjson), StreamForm::kNdjson) << ndjson;
  }
  for (const char* sse :
       {"text/event-stream", "text/event-stream, */*;q=0.1", "application/x-ndjson;q=0.5, text/event-stream"}) {
    EXPECT_EQ(StreamFormFor(sse), StreamForm::kSse) << sse;
  }
}

TEST(StreamFormTest, Texts) {
  EXPECT_EQ(MessageText(StreamForm::kNdjson, "{}"), "{}\n");
  EXPECT_EQ(MessageText(StreamForm::kSse, "{}"), "data: {}\n\n");
  EXPECT_EQ(ErrorText(StreamForm::kNdjson, "{}"), "{}\n");
  EXPECT_EQ(ErrorText(StreamForm::kSse, "{}"), "event: error\ndata: {}\n\n");
}

}  // namespace
}  // namespace sluice::rest
