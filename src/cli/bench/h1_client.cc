#include "cli/bench/h1_client.h"

#include <absl/strings/str_format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"

namespace sluice::cli::bench {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::response_parser<beast::http::string_body>;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kRestBytesMax = 256 << 10;  // more of an unwanted body costs more than a new connection

// The body as pages of the kernel, to which sockets refer: one that the server refuses unread is copied by nobody.
UniqueFd FileOf(const std::string& body) {
  if (body.empty()) return UniqueFd();
  UniqueFd file(memfd_create("body", MFD_CLOEXEC));
  for (size_t at = 0; at < body.size();) {
    const ssize_t put = pwrite(file.get(), body.data() + at, body.size() - at, static_cast<off_t>(at));
    SLUICE_CHECK(put > 0, "no memory for a body");
    at += static_cast<size_t>(put);
  }
  return file;
}

}  // namespace

class H1Client::Connection final : public FdEvents {
 public:
  Connection(H1Client& client, size_t source, UniqueFd socket)
      : client_(client), source_(source), socket_(std::move(socket)), watch_(client.loop_.Watch(socket_.get(), *this)) {
    watch_->WantWrite();
  }

  size_t source() const { return source_; }
  TimePoint give_up_at() const { return done_ ? give_up_at_ : kNever; }

  void Begin(const Call& call, Done done) {
    call_ = call;
    done_ = std::move(done);
    give_up_at_ = call.give_up_at;
    parser_.emplace();
    parser_->eager(true);
    in_.clear();
    head_ = client_.head_;
    for (const auto& [name, value] : client_.lanes_.Of(call).headers)
      absl::StrAppend(&head_, name, ": ", value, "\r\n");
    if (call.left > Duration::zero())
      absl::StrAppendFormat(&head_, "x-request-timeout: %.4f\r\n", ToMs(call.left) / 1e3);
    head_ += "\r\n";
    written_ = 0;
    heard_ = false;
    if (connected_) Write();
  }

  void GiveUp() { End({}, false); }

  void OnWritable() override {
    if (!connected_) {
      if (!Connected(socket_)) return End({}, false);
      connected_ = true;
      watch_->WantRead();
    }
    Write();
  }

  void OnReadable() override {
    const ssize_t got = recv(socket_.get(), client_.buffer_.data(), client_.buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return watch_->WantRead();
    if (got <= 0 || !done_) return Broken();
    heard_ = true;
    in_.append(client_.buffer_.data(), static_cast<size_t>(got));
    Parse();
  }

 private:
  size_t unsent() const { return head_.size() + client_.work_.body.size() - written_; }

  ssize_t WriteSome() {
    const int more = client_.body_file_ ? MSG_MORE : 0;
    if (written_ < head_.size())
      return send(socket_.get(), head_.data() + written_, head_.size() - written_, MSG_NOSIGNAL | more);
    off_t at = static_cast<off_t>(written_ - head_.size());
    return sendfile(socket_.get(), client_.body_file_.get(), &at, unsent());
  }

  void Write() {
    while (unsent() > 0) {
      const ssize_t sent = WriteSome();
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return watch_->WantWrite();
      if (sent < 0) return done_ ? void() : End({}, false);  // with a call, its answer may still be there to be read
      written_ += static_cast<size_t>(sent);
    }
    if (!done_) client_.Idle(*this);  // it was answered before its body was sent
  }

  void Parse() {
    beast::error_code error;
    while (!parser_->is_done() && !in_.empty()) {
      const size_t used = parser_->put(boost::asio::buffer(in_), error);
      in_.erase(0, used);
      if (error == beast::http::error::need_more) return watch_->WantRead();
      if (error) return End({}, false);
    }
    if (!parser_->is_done()) return watch_->WantRead();
    const auto& response = parser_->get();
    Answer answer{.status = static_cast<int>(response.result_int())};
    if (answer.status == 429 || answer.status == 503) {
      const auto header = response[beast::http::field::retry_after];
      answer.retry_after = RetryAfter({header.data(), header.size()}, response.body());
    }
    End(answer, response.keep_alive() && unsent() <= kRestBytesMax);
  }

  // The other end went. Between two calls that is its right, and a call that met with it goes to another connection.
  void Broken() {
    if (!done_ || heard_ || fresh_) return End({}, false);
    Done done = std::move(done_);
    const Call call = call_;
    H1Client& client = client_;
    client.Drop(*this);
    Connection* other = client.Open(source_);
    if (other == nullptr) return done({});
    other->Begin(call, std::move(done));
  }

  // `keep`: the connection may be used again.
  void End(const Answer& answer, bool keep) {
    Done done = std::move(done_);
    done_ = nullptr;
    fresh_ = false;
    if (!keep) {
      client_.Drop(*this);
    } else {
      watch_->WantRead();
      if (unsent() == 0) client_.Idle(*this);
    }
    if (done) done(answer);
  }

  H1Client& client_;
  const size_t source_;
  UniqueFd socket_;
  std::unique_ptr<FdWatch> watch_;
  bool connected_ = false;
  bool fresh_ = true;  // no call ended on it yet
  Call call_;
  Done done_;  // empty: idle, or sending what is left of an answered call
  TimePoint give_up_at_ = kNever;
  std::string head_, in_;
  size_t written_ = 0;  // of head and body
  bool heard_ = false;
  std::optional<Parser> parser_;
};

H1Client::H1Client(AsioLoop& loop, const Address& to, const std::string& host, const Work& work, const Lanes& lanes,
                   size_t connections_max)
    : loop_(loop),
      to_(to),
      work_(work),
      lanes_(lanes),
      connections_max_(connections_max),
      body_file_(FileOf(work.body)),
      open_(lanes.sources.size()),
      idle_(lanes.sources.size()),
      buffer_(kReadBytes) {
  head_ = StrCat(work.verb, " ", work.path, " HTTP/1.1\r\nhost: ", host, "\r\n");
  for (const auto& [name, value] : work.headers) absl::StrAppend(&head_, name, ": ", value, "\r\n");
  if (work.verb != "GET") absl::StrAppend(&head_, "content-length: ", work.body.size(), "\r\n");
}

H1Client::~H1Client() = default;

bool H1Client::Send(const Call& call, Done& done) {
  const size_t source = lanes_.Of(call).source;
  Connection* connection = nullptr;
  if (!idle_[source].empty()) {
    connection = idle_[source].back();
    idle_[source].pop_back();
  } else if (open_[source] < connections_max_) {
    connection = Open(source);
  }
  if (connection == nullptr) return false;
  connection->Begin(call, std::move(done));
  return true;
}

H1Client::Connection* H1Client::Open(size_t source) {
  auto socket = Dial(to_, lanes_.sources[source]);
  if (!socket.ok()) return nullptr;
  auto connection = std::make_unique<Connection>(*this, source, *std::move(socket));
  Connection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  ++open_[source];
  return raw;
}

void H1Client::Idle(Connection& connection) { idle_[connection.source()].push_back(&connection); }

// It may be the one that is running.
void H1Client::Drop(Connection& connection) {
  std::erase(idle_[connection.source()], &connection);
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  --open_[connection.source()];
  loop_.Post([gone = std::move(node.mapped())] {});
}

void H1Client::Sweep(TimePoint now) {
  std::vector<Connection*> over;
  for (const auto& [connection, owner] : connections_) {
    if (connection->give_up_at() <= now) over.push_back(connection);
  }
  for (Connection* connection : over) connection->GiveUp();
}

}  // namespace sluice::cli::bench
