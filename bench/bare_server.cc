// The least that a server can cost: the raw pipeline behind a socket, with no more of HTTP/1.1 than a load generator
// needs; no limits, no deadlines, no log, no metrics. What Sluice costs above this is Sluice's; the rest is the
// machine's price for sockets, wake-ups and caches gone cold.
//
//   bare_server MODELS_DIR MODEL_ID PORT WORKERS loop|blocking
//
//   loop      one epoll thread reads and writes, WORKERS threads compute: the threads that Sluice has
//   blocking  WORKERS threads read, compute and write, one connection at a time each: nothing is handed to another
//   thread
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/raw_faces.h"

namespace {

using sluice::bench::RawFaces;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

int Checked(int result, const char* what) {
  if (result < 0) Die(what);
  return result;
}

int Listen(int port) {
  const int fd = Checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Checked(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  Checked(listen(fd, 64), "listen");
  return fd;
}

int Accept(int listener, int flags) {
  const int fd = Checked(accept4(listener, nullptr, nullptr, flags), "accept");
  const int one = 1;
  Checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
  return fd;
}

// One connection: POSTs with a content-length, one after the other.
class Connection {
 public:
  enum class Got { kRequest, kPart, kEnd };

  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Reads until a request is whole, or there is nothing to read now (kPart), or ever (kEnd).
  Got Read() {
    while (!in_body_ || body_.size() < wanted_) {
      char buffer[16384];
      const ssize_t n = in_body_ ? ReadBody() : read(fd_, buffer, sizeof buffer);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return Got::kEnd;
      if (n < 0) return Got::kPart;
      if (!in_body_) TakeHead({buffer, static_cast<size_t>(n)});
    }
    return Got::kRequest;
  }

  const std::string& body() const { return body_; }

  void Answer() {
    static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    in_body_ = false;
    head_.clear();
    if (write(fd_, kOk.data(), kOk.size()) < 0) Die("write");
  }

 private:
  // Straight into the body, as Sluice reads an image.
  ssize_t ReadBody() {
    const size_t had = body_.size();
    body_.resize(wanted_);
    const ssize_t n = read(fd_, body_.data() + had, wanted_ - had);
    body_.resize(had + static_cast<size_t>(n > 0 ? n : 0));
    return n;
  }

  void TakeHead(std::string_view bytes) {
    static constexpr std::string_view kLength = "Content-Length: ";  // as h2load writes it
    head_.append(bytes);
    const size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const size_t length = head_.find(kLength);
    wanted_ = length < end ? std::strtoul(head_.c_str() + length + kLength.size(), nullptr, 10) : 0;
    body_.assign(head_, end + 4);
    in_body_ = true;
  }

  int fd_;
  bool in_body_ = false;
  size_t wanted_ = 0;
  std::string head_, body_;
};

// Connections from one thread to others.
class Queue {
 public:
  void Put(Connection* connection) {
    {
      const std::lock_guard lock(mutex_);
      queued_.push_back(connection);
    }
    some_.notify_one();
  }
  Connection* Take() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [this] { return !queued_.empty(); });
    Connection* const first = queued_.front();
    queued_.pop_front();
    return first;
  }
  std::deque<Connection*> TakeAll() {
    const std::lock_guard lock(mutex_);
    return std::exchange(queued_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<Connection*> queued_;
};

// A load generator does not hang up with a request under way, so the loop alone frees a connection.
void ServeOnLoop(RawFaces& faces, int listener, int workers) {
  Queue asked, answered;
  const int epoll = Checked(epoll_create1(0), "epoll_create1"), wake = Checked(eventfd(0, EFD_NONBLOCK), "eventfd");
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&, w] {
      for (;;) {
        Connection* const connection = asked.Take();
        faces.Find(w, connection->body());
        answered.Put(connection);
        eventfd_write(wake, 1);
      }
    });
  const auto watch = [&](int fd, uint32_t events, void* what) {
    epoll_event event{.events = events, .data = {.ptr = what}};
    Checked(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  };
  watch(listener, EPOLLIN, &asked);
  watch(wake, EPOLLIN | EPOLLET, &answered);
  for (;;) {
    epoll_event events[64];
    const int n = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == &asked) {
        const int fd = Accept(listener, SOCK_NONBLOCK);
        watch(fd, EPOLLIN | EPOLLET, new Connection(fd));
      } else if (events[i].data.ptr == &answered) {
        for (Connection* connection : answered.TakeAll()) connection->Answer();
      } else {
        auto* const connection = static_cast<Connection*>(events[i].data.ptr);
        const auto got = connection->Read();
        if (got == Connection::Got::kRequest) asked.Put(connection);
        if (got == Connection::Got::kEnd) delete connection;
      }
    }
  }
}

void ServeBlocking(RawFaces& faces, int listener, int workers) {
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&, w] {
      for (;;) {
        Connection connection(Accept(listener, 0));
        while (connection.Read() == Connection::Got::kRequest) {
          faces.Find(w, connection.body());
          connection.Answer();
        }
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    const auto usage = absl::InvalidArgumentError("MODELS_DIR MODEL_ID PORT WORKERS loop|blocking");
    return sluice::bench::Fail("bare_server", usage);
  }
  const int workers = std::atoi(argv[4]);
  RawFaces faces(argv[1], argv[2], workers);
  const int listener = Listen(std::atoi(argv[3]));
  std::puts("ready");
  std::fflush(stdout);
  (std::string_view(argv[5]) == "loop" ? ServeOnLoop : ServeBlocking)(faces, listener, workers);
}
