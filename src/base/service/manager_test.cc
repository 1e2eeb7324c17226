#include "base/service/manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A datagram socket as systemd has one, under `name`; "@…" is abstract.
class Manager {
 public:
  explicit Manager(std::string name) : name_(std::move(name)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    name_.copy(at.sun_path, name_.size());
    if (name_[0] == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
  }
  ~Manager() {
    std::error_code gone;
    if (name_[0] == '/') std::filesystem::remove(name_, gone);
  }

  const std::string& name() const { return name_; }
  // Empty when nothing came.
  std::string Next() {
    char bytes[256];
    const ssize_t size = recv(fd_.get(), bytes, sizeof bytes, 0);
    return size < 0 ? "" : std::string(bytes, static_cast<size_t>(size));
  }

 private:
  std::string name_;
  UniqueFd fd_;
};

std::string Path() { return std::filesystem::temp_directory_path() / StrCat("sluice_notify_", getpid()); }

TEST(ServiceManager, HearsEachWordAsOneDatagram) {
  Manager manager(Path());
  const ServiceManager tell(manager.name());
  tell.Ready();
  tell.Alive();
  tell.Stopping();
  EXPECT_EQ(manager.Next(), "READY=1");
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
  EXPECT_EQ(manager.Next(), "STOPPING=1");
  EXPECT_EQ(manager.Next(), "");
}

TEST(ServiceManager, AReloadSaysWhenItBegan) {
  Manager manager(StrCat("@sluice_notify_", getpid()));
  ServiceManager(manager.name()).Reloading();
  const std::string lines = manager.Next(), head = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(lines.starts_with(head)) << lines;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t micros = std::stoll(lines.substr(head.size())),
                then = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  EXPECT_LE(micros, then);
  EXPECT_GE(micros, then - 60'000'000);
}

TEST(ServiceManager, SaysNothingWhereNobodyListens) {
  for (const std::string& socket : {std::string(), std::string("vsock:2:1234"), Path(), "/" + std::string(200, 'x')}) {
    const ServiceManager tell(socket);
    tell.Ready();
    tell.Alive();
  }
}

TEST(ServiceManager, AliveDoesNotWaitForAManagerThatReadsNothing) {
  Manager manager(Path());
  const ServiceManager tell(manager.name());
  for (int i = 0; i < 10'000; ++i) tell.Alive();
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
}

TEST(ServiceManager, TheWatchdogIsThisProcessesOwn) {
  EXPECT_EQ(WatchdogOf("30000000", nullptr, 7), seconds(30));
  EXPECT_EQ(WatchdogOf("500000", "7", 7), milliseconds(500));
  EXPECT_EQ(WatchdogOf("500000", "8", 7), Duration());
  EXPECT_EQ(WatchdogOf("500000", "", 7), Duration());
  EXPECT_EQ(WatchdogOf(nullptr, nullptr, 7), Duration());
  EXPECT_EQ(WatchdogOf("0", nullptr, 7), Duration());
  EXPECT_EQ(WatchdogOf("-1", nullptr, 7), Duration());
  EXPECT_EQ(WatchdogOf("soon", nullptr, 7), Duration());
}

}  // namespace
}  // namespace sluice
