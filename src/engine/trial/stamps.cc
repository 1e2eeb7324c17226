#include "engine/trial/stamps.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/escaping.h"
#include "base/config/file.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace sluice::trial {
namespace {

constexpr size_t kStampBytesMax = 64 << 10;

bool WriteWhole(int fd, std::string_view text) {
  return write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

std::string Stamps::KeyOf(std::string_view what) {
  Sha256 hash;
  hash.Update(what);
  return absl::BytesToHexString(hash.Finish());
}

std::optional<Verdict> Stamps::Read(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const auto text = ReadFile(PathOf(key), kStampBytesMax);
  Verdict verdict;
  if (!text.ok() || !google::protobuf::util::JsonStringToMessage(*text, &verdict).ok()) return std::nullopt;
  if (verdict.engine().empty() && verdict.reason().empty()) return std::nullopt;
  return verdict;
}

void Stamps::Write(const std::string& key, const Verdict& verdict) const {
  if (folder_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  std::string text, path = PathOf(key) + ".XXXXXX";
  if (!google::protobuf::util::MessageToJsonString(verdict, &text).ok()) return;
  const UniqueFd fd(mkstemp(path.data()));
  if (!fd) return;
  if (!WriteWhole(fd.get(), text + "\n") || std::rename(path.c_str(), PathOf(key).c_str()) != 0) unlink(path.c_str());
}

void Stamps::Remove(const std::string& key) const {
  if (!folder_.empty()) unlink(PathOf(key).c_str());
}

}  // namespace sluice::trial
