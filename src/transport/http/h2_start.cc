// What a connection begins with: nghttp2's session, its callbacks and options, our SETTINGS.
#include <algorithm>

#include "transport/http/h2_core.h"
#include "transport/http/h2_session.h"

namespace sluice::http {
namespace {

constexpr size_t kSettingsMax = 16;  // of one SETTINGS frame

struct Options {
  nghttp2_option* option = nullptr;
  Options() {
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    // nghttp2 would remember as many closed streams as may be open, 200 bytes each; see H2ClosedStreams.
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_settings(option, kSettingsMax);
    // H2Defence counts resets itself and answers with ENHANCE_YOUR_CALM.
    nghttp2_option_set_stream_reset_rate_limit(option, 1'000'000, 1'000'000);
  }
};

}  // namespace

std::unique_ptr<Session> NewH2Session(SessionHost& host, const Limits& limits, Budget& budget) {
  return std::make_unique<H2Core>(host, limits, budget);
}

void H2Core::MakeSession() {
  static const Options options;
  static nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* c = nullptr;
    nghttp2_session_callbacks_new(&c);
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, Safe<OnBeginFrame>::Call);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, Safe<OnBeginHeaders>::Call);
    nghttp2_session_callbacks_set_on_header_callback(c, Safe<OnHeader>::Call);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, Safe<OnFrame>::Call);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, Safe<OnInvalidFrame>::Call);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, Safe<OnDataChunk>::Call);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, Safe<OnStreamClose>::Call);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, Safe<OnFrameSent>::Call);
    nghttp2_session_callbacks_set_send_data_callback(c, Safe<SendData>::Call);
    return c;
  }();
  nghttp2_session_server_new2(&session_, callbacks, this, options.option);
}

void H2Core::SubmitSettings() {
  const auto frame_bytes = std::clamp<uint32_t>(limits_.h2_frame_bytes_max, 16'384, (1u << 24) - 1);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<uint32_t>(limits_.streams_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.h2_stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.header_bytes_max)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // WebSocket (RFC 8441)
      // Their tree is the client's to shape, and each frame walks up to its root.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.h2_connection_window));
}

}  // namespace sluice::http
