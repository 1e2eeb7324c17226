// An access log that is to be waited for, and whose reader stalls until the test lets it read.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "base/check.h"
#include "base/log/access_log.h"

namespace sluice {

class StalledLog {
 public:
  StalledLog() {
    SLUICE_CHECK(pipe(ends_) == 0 && fcntl(ends_[0], F_SETFL, O_NONBLOCK) == 0, "a pipe");
    log_ = std::make_unique<AccessLog>(ends_[1], AccessLog::Options{.waits = true});
  }
  ~StalledLog() {
    log_.reset();
    close(ends_[0]);
    close(ends_[1]);
  }
  AccessLog& log() { return *log_; }

  void Fill() {
    const std::string line(100'000, 'x');
    while (!log_->Congested()) log_->Append(line);
  }
  // Until there is room again.
  void Read() {
    std::thread reader([this] {
      char buffer[4096];
      while (log_->Congested()) (void)!read(ends_[0], buffer, sizeof buffer);
    });
    reader.join();
  }

 private:
  int ends_[2];
  std::unique_ptr<AccessLog> log_;
};

}  // namespace sluice
