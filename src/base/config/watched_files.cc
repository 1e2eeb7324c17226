#include "base/config/watched_files.h"

#include <sys/stat.h>

#include <utility>

#include "base/config/file.h"
#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"

namespace sluice {
namespace {

// A parser may take hundreds of times as much for what is broken: 16 MB of '[' were 3.7 GB and 13 s.
constexpr size_t kFileBytesMax = 1 << 20;

std::string SignatureOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return "none";
  return StrCat(info.st_dev, ",", info.st_ino, ",", info.st_size, ",", info.st_mtim.tv_sec, ",", info.st_mtim.tv_nsec);
}

}  // namespace

std::string WatchedFiles::SignatureOf(const File& file) {
  std::string all = sluice::SignatureOf(file.state.path);
  for (const std::string& path : file.with) all += ";" + sluice::SignatureOf(path);
  return all;
}

absl::Status WatchedFiles::Add(std::string name, std::string path, Apply apply, std::vector<std::string> with) {
  auto file = std::make_unique<File>();
  file->state = {.name = std::move(name), .path = std::move(path)};
  file->apply = std::move(apply);
  file->with = std::move(with);
  if (absl::Status status = Read(*file, file->state.hash); !status.ok()) return status;
  files_.push_back(std::move(file));
  return absl::OkStatus();
}

// FNV-1a: nobody gains by two texts of one hash.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return hash >> 16;
}

absl::Status WatchedFiles::Read(File& file, uint64_t& hash) {
  file.signature = SignatureOf(file);  // before reading, so that a change meanwhile is seen later
  const auto text = ReadFile(file.state.path, kFileBytesMax);
  RETURN_IF_ERROR(text.status());
  hash = HashOf(*text);
  return file.apply(*text);
}

void WatchedFiles::Look(File& file, bool always) {
  if (!always && SignatureOf(file) == file.signature) return;
  uint64_t hash = 0;
  const absl::Status status = Read(file, hash);
  if (status.ok()) {
    LogInfo("config.reloaded", {{"name", file.state.name}, {"file", file.state.path}});
  } else {
    LogError(
        "config.reload_failed",
        {{"name", file.state.name}, {"file", file.state.path}, {"error", ToStd(status.message())}, {"kept_old", true}});
  }
  const std::lock_guard lock(mutex_);
  ++(status.ok() ? file.state.reloads : file.state.failures);
  file.state.error = ToStd(status.message());
  if (status.ok()) file.state.hash = hash;
}

void WatchedFiles::Poll(bool all) {
  for (const auto& file : files_) Look(*file, all);
}

void WatchedFiles::Start(Duration interval) {
  if (files_.empty()) return;
  thread_ = std::make_unique<Thread>("watch", kWorkerNice, [this, interval] { Run(interval); });
}

void WatchedFiles::Run(Duration interval) {
  while (true) {
    bool all = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, interval, [this] { return stop_ || reload_; });
      if (stop_) return;
      all = std::exchange(reload_, false);
    }
    Poll(all);
  }
}

void WatchedFiles::ReloadNow() {
  {
    const std::lock_guard lock(mutex_);
    reload_ = true;
  }
  wake_.notify_all();
}

void WatchedFiles::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.reset();
}

std::vector<WatchedFiles::State> WatchedFiles::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<State> states;
  for (const auto& file : files_) states.push_back(file->state);
  return states;
}

}  // namespace sluice
