// One HTTP/2 stream as an Exchange. Streams are pooled by their thread; nghttp2 holds a pointer to each as its user
// data.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>

#include "absl/container/inlined_vector.h"
#include "transport/http/exchange.h"
#include "transport/http/h2_output.h"

namespace sluice::http {

class H2Core;

class H2Stream final : public Exchange {
 public:
  H2Stream() = default;
  ~H2Stream() override { DropBody(); }

  const RequestHead& head() const override { return head_; }
  Loop& loop() override;
  void ConsumeBody(size_t bytes) override;
  void SendHead(int status, const Headers& headers, bool end) override;
  void SendBody(std::string bytes, bool end) override;
  void SendTrailers(const Headers& trailers) override;
  size_t UnsentBytes() const override { return unsent_; }
  void HoldBack(Duration time) override;
  void Reset() override;

 private:
  friend class H2Core;
  friend class H2StreamPool;

  // --- request (h2_head.cc, h2_receive.cc) ---
  void AddHeader(std::string_view name, std::string_view value);
  void AddPseudoHeader(std::string_view name, std::string_view value);
  // False: more than the stream or its connection may hold; what was held is dropped.
  bool TakeHeaderBytes(size_t bytes);
  void DropHeaders();
  bool BodyRefused(size_t bytes) const;
  CloseReason CutReason() const { return no_memory_ ? CloseReason::kNoMemory : CloseReason::kCut; }

  // --- response (h2_send.cc) ---
  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void* user_data);
  ssize_t TakeBody(uint8_t* buffer, size_t size, uint32_t* flags);
  // Moves `size` bytes of the queue to `out`, or copies them to `buffer` when that is given.
  void PopBody(size_t size, H2Output* out, uint8_t* buffer);
  void EndResponse();
  void SubmitTrailers();
  // Some of it, or its end alone, waits for nghttp2 to send it.
  bool ResponseWaits() const { return unsent_ > 0 || (head_sent_ && response_ended_ && !response_sent_); }
  void ResumeBody();
  void DropBody();

  // As new. What grew large is given back.
  static constexpr size_t kPooledBytesMax = 2 << 10;
  void Recycle();

  H2Core* core_ = nullptr;
  H2Stream* next_ = nullptr;  // list of open streams
  H2Stream* previous_ = nullptr;
  int32_t id_ = 0;
  std::unique_ptr<ExchangeHandler> handler_;

  RequestHead head_;
  Headers trailers_;  // response
  absl::InlinedVector<H2Payload*, 2> queue_;
  size_t charged_ = 0;       // to the connection's tab
  size_t header_bytes_ = 0;  // names, values and their entries
  size_t queue_offset_ = 0;  // bytes of queue_.front() that were taken
  size_t unsent_ = 0;        // bytes of queue_
  size_t received_ = 0;      // request body
  size_t unconsumed_ = 0;    // of received_, held by the handler
  size_t marked_ = 0;        // of received_, at progress_
  TimePoint progress_;       // last body bytes, or the head
  size_t taken_ = 0;         // response bytes taken by the window since write_progress_
  TimePoint write_progress_;

  uint64_t content_length_ = 0;
  bool has_content_length_ = false;
  bool expect_continue_ = false;
  bool is_head_ = false;
  bool head_too_large_ = false;
  bool head_done_ = false;
  bool request_ended_ = false;
  bool head_sent_ = false;
  bool response_ended_ = false;  // the codec gave everything
  bool response_sent_ = false;   // END_STREAM was written
  bool has_trailers_ = false;
  bool body_deferred_ = false;  // nghttp2 waits for ResumeBody
  bool above_ = false;          // unsent_ passed the bound: OnWritable is owed
  bool peer_reset_ = false;
  bool cut_ = false;
  bool no_memory_ = false;  // cut_ because of that
  bool closed_ = false;     // the handler got OnClosed
};

}  // namespace sluice::http
