// The HTTP/2 Session. Its code is in six files:
//   h2_start.cc    what a connection begins with
//   h2_core.cc     life: Receive, Gather, Drain, Lost, closing of exchanges
//   h2_head.cc     a request's head: fields in → Exchange and handler
//   h2_receive.cc  all other frames in: body, end, resets; what a peer may not do
//   h2_send.cc     Exchange::Send* → frames out
//   h2_timers.cc   one housekeeping timer: slow peers, pings, end of a drain
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/budget.h"
#include "base/lifeline.h"
#include "base/no_memory.h"
#include "transport/http/h2_closed_streams.h"
#include "transport/http/h2_defence.h"
#include "transport/http/h2_frame_scan.h"
#include "transport/http/h2_output.h"
#include "transport/http/h2_stream.h"
#include "transport/http/in_buffer.h"
#include "transport/http/limits.h"
#include "transport/http/session.h"

namespace sluice::http {

// Serialised output that waits for the socket. More stays in the streams' queues, where nghttp2 can still share fairly.
inline constexpr size_t kH2PendingBytesMax = 256 << 10;

class H2Core final : public Session {
 public:
  H2Core(SessionHost& host, const Limits& limits, Budget& budget);
  ~H2Core() override;

  void Receive(std::string_view bytes) override;
  void Continue() override;
  void ReceiveEnd() override { Lost(); }
  bool WantsRead() const override;
  size_t Gather(std::span<iovec> out) override;
  void Written(size_t bytes) override;
  bool Finished() const override;
  void Drain() override;
  void Relieve() override;
  void Lost() override;
  size_t open_exchanges() const override { return open_count_; }

 private:
  friend class H2Stream;

  void MakeSession();
  void SubmitSettings();
  // Gives nghttp2 what the turn has time for; returns how many bytes.
  size_t Feed(std::string_view bytes);
  void FeedPiece(std::string_view bytes);
  // Output became pending.
  void Wake();
  // Serialises frames until enough is pending.
  void Pull();
  // Ends the connection with a GOAWAY; exchanges end with kCut.
  void Terminate(uint32_t error_code);
  // nghttp2 cannot go on; nothing more is read or serialised.
  void Die();
  // The same, and what is pending is given up too.
  void Abandon();
  bool Closing() const;

  // --- streams ---
  H2Stream* OpenStream(int32_t id);
  // OnClosed; the stream object stays nghttp2's until ReleaseStream.
  void CloseExchange(H2Stream& stream, CloseReason reason);
  // Many streams are closed in many turns: Continue goes on.
  void CloseAll(CloseReason reason);
  // A handler that gets no memory ends its exchange, not the process.
  template <typename Call>
  void Guarded(H2Stream& stream, Call&& call);
  void Recharge(size_t& charged, size_t bytes);
  void ReleaseStream(H2Stream* stream);
  H2Stream* Find(int32_t id) const {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
  }
  // Work for handlers that must not run inside the present call: OnClosed after Reset, OnWritable.
  void ScheduleSweep();
  void Sweep();

  // --- heads in ---
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  void OnHeadComplete(H2Stream& stream, bool end);
  void StartExchange(H2Stream& stream);
  // Answers without a codec.
  void Refuse(H2Stream& stream, int status, std::string_view text);
  size_t HeaderBytesMax() const;
  size_t UnsentBytesMax() const;

  // --- other frames in ---
  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* hd, void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int OnDataChunk(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* self);
  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t error_code, void* self);
  void Defend(bool allowed);
  // Looks for frames on streams that the peer had ended or reset; answered once nghttp2 has seen them. Walks over a
  // bounded number of frames; returns how many bytes.
  size_t ScanClosedStreams(std::string_view bytes);
  void AnswerClosedStreams();
  void OnRequestEnd(H2Stream& stream);
  void OnBodyBytes(H2Stream& stream, std::string_view bytes);
  void OnPong(const nghttp2_frame& frame);
  void CutStream(H2Stream& stream, uint32_t error_code);
  // Memory is used up: the handler may answer so, else the stream is reset, which gRPC's clients read as
  // RESOURCE_EXHAUSTED.
  void RefuseBody(H2Stream& stream);
  void GiveUp(H2Stream& stream);

  // --- frames out ---
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* self);

  // --- time ---
  // Arms the timer so that it runs no later than `due`.
  void ArmBy(TimePoint due);
  void ArmForRequest();
  void Tick();
  TimePoint CheckStreams(TimePoint now);
  bool TakesBody(const H2Stream& stream) const;
  bool AwaitsBody(const H2Stream& stream) const;
  bool HoldsMuch(const H2Stream& stream) const;
  TimePoint CheckBody(H2Stream& stream, TimePoint now);
  // A response begins to wait for its window; and some of it was taken.
  void StartWatching(H2Stream& stream);
  void NoteTaken(H2Stream& stream, size_t bytes);
  TimePoint CheckResponse(H2Stream& stream, TimePoint now);
  TimePoint CheckPing(TimePoint now);
  void FinishDrain();
  void TellDrain();
  void TellSome();

  SessionHost& host_;
  const Limits& limits_;
  Budget& budget_;
  Loop& loop_;
  nghttp2_session* session_ = nullptr;
  BudgetTab tab_;
  H2Output output_;
  H2Defence defence_;

  H2Stream* open_ = nullptr;  // list
  size_t open_count_ = 0;
  H2ClosedStreams closed_;
  H2FrameScan scan_;
  std::vector<int32_t> data_on_closed_;
  bool headers_on_closed_ = false;
  H2Stream* in_headers_ = nullptr;  // the stream whose header block is being received
  size_t ignored_header_bytes_ = 0;
  size_t header_bytes_ = 0;   // of all open streams
  size_t unsent_bytes_ = 0;   // response bodies of all open streams
  TimePoint write_progress_;  // when some of them were last taken by a window
  size_t owed_charged_ = 0;   // frames that nghttp2 holds

  InBuffer in_;  // what a turn was too short for
  size_t in_charged_ = 0;
  bool closing_all_ = false;  // more to close, for
  CloseReason close_reason_{};
  bool sweep_more_ = false;
  bool relieve_more_ = false;
  std::vector<int32_t> tell_;  // streams to be told of the drain

  bool in_receive_ = false;
  bool in_gather_ = false;
  bool wake_asked_ = false;
  bool terminated_ = false;  // a GOAWAY was queued, the last frame
  bool dying_ = false;       // the destructor runs: no other turns
  bool dead_ = false;
  bool abandoned_ = false;                // the peer is gone: nobody waits for output_
  mutable bool reading_stopped_ = false;  // WantsRead() was false: the host waits for SessionHost::WantsRead
  bool sweep_posted_ = false;

  bool preface_done_ = false;
  bool drain_pong_ = false;
  int32_t header_block_ = 0;  // stream whose header block is incomplete
  TimePoint head_started_;    // preface or header block
  TimePoint last_receive_;
  bool ping_out_ = false;
  TimePoint ping_sent_;

  enum class DrainPhase { kNone, kNotice, kFinal };
  DrainPhase drain_ = DrainPhase::kNone;
  TimePoint drain_due_;

  Loop::TimerId timer_ = 0;
  TimePoint timer_due_ = kNever;

  Lifeline lifeline_;
};

// nghttp2 is C: nothing is thrown through it. Its call fails, and the connection ends.
template <auto callback>
struct Safe;
template <typename Result, typename... Args, Result (*callback)(Args...)>
struct Safe<callback> {
  static Result Call(Args... args) {
    try {
      return callback(args...);
    } catch (const std::bad_alloc&) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
};

template <typename Call>
void H2Core::Guarded(H2Stream& stream, Call&& call) {
  if (!GetsMemory(call)) GiveUp(stream);
}

}  // namespace sluice::http
