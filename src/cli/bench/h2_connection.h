// One HTTP/2 connection of the load: an nghttp2 client session on a socket.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/asio_loop.h"
#include "base/unique_fd.h"
#include "cli/bench/client.h"
#include "cli/bench/work.h"

namespace sluice::cli::bench {

class H2Connection final : public FdEvents {
 public:
  // Made and destroyed on the loop. The socket is being connected.
  H2Connection(AsioLoop& loop, UniqueFd socket, const Work& work);
  ~H2Connection() override;

  bool HasRoom() const;
  // No more calls, and none open.
  bool over() const { return streams_.empty() && (broken_ || !MayBegin()); }
  // With HasRoom().
  void Begin(const std::vector<std::pair<std::string, std::string>>& head, TimePoint give_up_at, Client::Done done);
  void Sweep(TimePoint now);

  void OnReadable() override;
  void OnWritable() override;

 private:
  struct Stream {
    Client::Done done;
    TimePoint give_up_at;
    size_t sent = 0;  // of the body
    Answer answer;
    std::string retry_after, problem;  // of a refusal over REST
  };

  bool MayBegin() const;
  void Flush();
  void Break();  // its calls have ended without an answer
  void Tell();   // those whose calls ended
  void Ended(int32_t id, uint32_t error);
  Stream* Find(int32_t id);
  static nghttp2_session* NewSession(H2Connection* self);
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source*, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                      const uint8_t* value, size_t value_bytes, uint8_t, void* self);
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self);
  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* self);

  const Work& work_;
  UniqueFd socket_;
  std::unique_ptr<FdWatch> watch_;
  nghttp2_session* session_;
  std::map<int32_t, Stream> streams_;
  std::vector<std::pair<Client::Done, Answer>> ended_;  // told when nghttp2 is not running
  std::string out_;
  size_t out_sent_ = 0;
  std::vector<char> buffer_;
  bool connected_ = false, broken_ = false;
};

}  // namespace sluice::cli::bench
