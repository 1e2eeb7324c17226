#include "engine/onnxruntime/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log/log.h"
#include "base/memory.h"
#include "base/strings.h"
#include "engine/onnx/wire.h"
#include "engine/onnxruntime/errors.h"
#include "engine/onnxruntime/telemetry.h"

namespace sluice::ort {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "libonnxruntime.so";

absl::Status NotAvailable(std::string_view why) {
  return Error(Reason::MODEL_UNAVAILABLE, StrCat("ONNX Runtime is not available: ", why));
}

// Where the libraries that the program is linked with are looked for: its RUNPATH, the system's folders.
std::vector<fs::path> Folders() {
  void* const program = dlopen(nullptr, RTLD_LAZY);
  Dl_serinfo size{};
  if (program == nullptr || dlinfo(program, RTLD_DI_SERINFOSIZE, &size) != 0) return {};
  std::vector<std::max_align_t> memory(size.dls_size / sizeof(std::max_align_t) + 1);
  auto* const found = reinterpret_cast<Dl_serinfo*>(memory.data());
  found->dls_size = size.dls_size;
  found->dls_cnt = size.dls_cnt;
  std::vector<fs::path> folders;
  if (dlinfo(program, RTLD_DI_SERINFO, found) != 0) return folders;
  for (unsigned i = 0; i < found->dls_cnt; ++i) folders.emplace_back(found->dls_serpath[i].dls_name);
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

// A ValueInfoProto: FP32 [1].
std::string Float(std::string_view name) {
  std::string size, shape, tensor, type, value;
  onnx::AppendField(1, uint64_t{1}, size);
  onnx::AppendField(1, size, shape);
  onnx::AppendField(1, uint64_t{1}, tensor);
  onnx::AppendField(2, shape, tensor);
  onnx::AppendField(1, tensor, type);
  onnx::AppendField(1, name, value);
  onnx::AppendField(2, type, value);
  return value;
}

// y = x, of opset 13.
std::string SmallestNet() {
  std::string node, graph, opset, model;
  onnx::AppendField(1, std::string_view("x"), node);
  onnx::AppendField(2, std::string_view("y"), node);
  onnx::AppendField(4, std::string_view("Identity"), node);
  onnx::AppendField(1, node, graph);
  onnx::AppendField(2, std::string_view("shrink"), graph);
  onnx::AppendField(11, Float("x"), graph);
  onnx::AppendField(12, Float("y"), graph);
  onnx::AppendField(2, uint64_t{13}, opset);
  onnx::AppendField(1, uint64_t{8}, model);
  onnx::AppendField(8, opset, model);
  onnx::AppendField(7, graph, model);
  return model;
}

}  // namespace

absl::StatusOr<const Library*> Library::Get(uint64_t run_bytes_max) {
  // Never destroyed: sessions may outlive everything else, and the library does not like to go.
  static const absl::StatusOr<const Library*>* const library = [run_bytes_max] {
    auto* made = new Library;
    const absl::Status opened = made->Open(run_bytes_max);
    if (!opened.ok())
      LogWarning("engine.not_available", {{"engine", "onnxruntime"}, {"error", ToStd(opened.message())}});
    return opened.ok() ? new absl::StatusOr<const Library*>(made) : new absl::StatusOr<const Library*>(opened);
  }();
  return *library;
}

absl::Status Library::Open(uint64_t run_bytes_max) {
  if (!IsTelemetryDisabled()) return NotAvailable("this program did not disable its telemetry at start");
  const fs::path path = Find();
  if (path.empty()) return NotAvailable(StrCat("there is no ", kName, " where the program's libraries are looked for"));
  void* const opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (opened == nullptr) return NotAvailable(StrCat(kName, " cannot be opened: ", dlerror()));
  auto* const get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(opened, "OrtGetApiBase"));
  if (get_base == nullptr) return NotAvailable(StrCat(kName, " is not ONNX Runtime"));
  const ApiBase& base = *get_base();
  version_ = base.get_version();
  table = base.get_api(kApiVersion);
  if (table == nullptr) return NotAvailable(StrCat("its version ", version_, " is too old; 1.24 or later is needed"));
  RETURN_IF_ERROR(MakeEnv());
  RETURN_IF_ERROR(BoundMemory(run_bytes_max > 0 ? run_bytes_max : MemoryLimit() / 4));
  return MakeShrinker();
}

absl::Status Library::MakeEnv() {
  RETURN_IF_ERROR(LoadError(Call<CreateEnvWithCustomLogger>(&Log, nullptr, kError, "sluice", &env_)));
  RETURN_IF_ERROR(LoadError(Call<GetAllocatorWithDefaultOptions>(&allocator_)));
  return LoadError(Call<CreateMemoryInfo>("Cpu", kDevice, 0, kDefault, Out(memory_)));
}

// One arena for all sessions; they ask for it (session.use_env_allocators). It takes exactly what a run asks for.
absl::Status Library::BoundMemory(uint64_t run_bytes_max) {
  const char* const keys[] = {"max_mem", "arena_extend_strategy"};
  const size_t values[] = {run_bytes_max, 1};
  Owned<ArenaCfg> arena;
  Owned<MemoryInfo> memory;
  RETURN_IF_ERROR(LoadError(Call<CreateArenaCfgV2>(keys, values, std::size(keys), Out(arena))));
  RETURN_IF_ERROR(LoadError(Call<CreateMemoryInfo>("Cpu", kArena, 0, kDefault, Out(memory))));
  return LoadError(Call<CreateAndRegisterAllocator>(env_, memory.get(), arena.get()));
}

absl::Status Library::MakeShrinker() {
  const std::string net = SmallestNet();
  ASSIGN_OR_RETURN(const Owned<SessionOptions> options, MakeSessionOptions(1));
  RETURN_IF_ERROR(LoadError(Call<CreateSessionFromArray>(env_, net.data(), net.size(), options.get(), Out(shrinker_))));
  RETURN_IF_ERROR(LoadError(Call<CreateRunOptions>(Out(shrink_))));
  RETURN_IF_ERROR(LoadError(Call<RunOptionsSetRunLogSeverityLevel>(shrink_.get(), kFatal)));
  return LoadError(Call<AddRunConfigEntry>(shrink_.get(), "memory.enable_memory_arena_shrinkage", "cpu:0"));
}

void Library::Shrink() const {
  float x = 0;
  const int64_t shape[] = {1};
  const char* const names[] = {"x", "y"};
  Owned<Value> in, out;
  const absl::Status made =
      LoadError(Call<CreateTensorWithDataAsOrtValue>(memory_.get(), &x, sizeof x, shape, std::size(shape), 1, Out(in)));
  const Value* const inputs[] = {in.get()};
  if (!made.ok()) return;
  const absl::Status ran = LoadError(
      Call<ort::Run>(shrinker_.get(), shrink_.get(), names, inputs, size_t{1}, names + 1, size_t{1}, Out(out)));
  if (!ran.ok()) LogWarning("onnxruntime.cannot_shrink", {{"error", ToStd(ran.message())}});
}

absl::StatusOr<Owned<SessionOptions>> MakeSessionOptions(int threads) {
  Owned<SessionOptions> owned;
  RETURN_IF_ERROR(LoadError(Call<CreateSessionOptions>(Out(owned))));
  SessionOptions* const options = owned.get();
  RETURN_IF_ERROR(LoadError(Call<SetIntraOpNumThreads>(options, threads)));
  RETURN_IF_ERROR(LoadError(Call<SetInterOpNumThreads>(options, 1)));
  RETURN_IF_ERROR(LoadError(Call<SetSessionExecutionMode>(options, kSequential)));
  RETURN_IF_ERROR(LoadError(Call<SetSessionGraphOptimizationLevel>(options, kAll)));
  RETURN_IF_ERROR(LoadError(Call<SetSessionLogSeverityLevel>(options, kFatal)));
  for (const auto& [key, value] :
       {std::pair{"session.intra_op.allow_spinning", "0"}, std::pair{"session.inter_op.allow_spinning", "0"},
        std::pair{"session.use_env_allocators", "1"}}) {
    RETURN_IF_ERROR(LoadError(Call<AddSessionConfigEntry>(options, key, value)));
  }
  return owned;
}

}  // namespace sluice::ort
