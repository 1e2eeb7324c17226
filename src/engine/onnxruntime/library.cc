#include "engine/onnxruntime/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/onnxruntime/errors.h"
#include "engine/onnxruntime/telemetry.h"

namespace sluice::ort {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "libonnxruntime.so";

absl::Status NotAvailable(std::string_view why) {
  return Error(Reason::MODEL_UNAVAILABLE, StrCat("ONNX Runtime is not available: ", why));
}

// Beside the program, as a package puts it; else where the build found it.
std::vector<fs::path> Folders() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> folders;
  if (!error) folders.push_back(program.parent_path().parent_path() / "lib");
  if (const std::string_view built = SLUICE_ONNXRUNTIME_FOLDER; !built.empty()) folders.emplace_back(built);
  return folders;
}

// "libonnxruntime.so.1.32.0"; the last name if there are several.
fs::path Find() {
  for (const fs::path& folder : Folders()) {
    std::error_code error;
    fs::path found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      const bool is_it = name == kName || name.starts_with(StrCat(kName, "."));
      if (is_it && (found.empty() || found.filename() < name)) found = entry.path();
    }
    if (!found.empty()) return found;
  }
  return {};
}

void Log(void* /*param*/, Severity severity, const char* category, const char* /*id*/, const char* /*location*/,
         const char* message) {
  if (severity >= kError) LogWarning("onnxruntime.message", {{"category", category}, {"message", message}});
}

}  // namespace

absl::StatusOr<const Library*> Library::Get() {
  // Never destroyed: sessions may outlive everything else, and the library does not like to go.
  static const absl::StatusOr<const Library*>* const library = [] {
    auto* made = new Library;
    const absl::Status opened = made->Open();
    if (!opened.ok())
      LogWarning("engine.not_available", {{"engine", "onnxruntime"}, {"error", ToStd(opened.message())}});
    return opened.ok() ? new absl::StatusOr<const Library*>(made) : new absl::StatusOr<const Library*>(opened);
  }();
  return *library;
}

absl::Status Library::Open() {
  if (!IsTelemetryDisabled()) return NotAvailable("this program did not switch its telemetry off at its start");
  const fs::path path = Find();
  if (path.empty()) return NotAvailable(StrCat("there is no ", kName, " in ../lib beside the program"));
  void* const opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (opened == nullptr) return NotAvailable(StrCat(kName, " cannot be opened: ", dlerror()));
  auto* const get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(opened, "OrtGetApiBase"));
  if (get_base == nullptr) return NotAvailable(StrCat(kName, " is something else"));
  const ApiBase& base = *get_base();
  version_ = base.get_version();
  table = base.get_api(kApiVersion);
  if (table == nullptr) return NotAvailable(StrCat("its version ", version_, " is too old; 1.24 or later is needed"));
  return MakeEnv();
}

absl::Status Library::MakeEnv() {
  RETURN_IF_ERROR(LoadError(Call<CreateEnvWithCustomLogger>(&Log, nullptr, kError, "sluice", &env_)));
  RETURN_IF_ERROR(LoadError(Call<GetAllocatorWithDefaultOptions>(&allocator_)));
  return LoadError(Call<CreateMemoryInfo>("Cpu", kDevice, 0, kDefault, Out(memory_)));
}

}  // namespace sluice::ort
