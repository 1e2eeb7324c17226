// The part of ONNX Runtime's C interface that is used here, declared by its places: the library hands out one table of
// functions, which only ever grows at its end, so one set of places fits every version from 1.24 on.
//
//   ort::Env* env = nullptr;
//   RETURN_IF_ERROR(LoadError(ort::Call<ort::CreateEnv>(ort::kError, "sluice", &env)));
//
// Call() needs Library::Get() to have succeeded once; it is as thread-safe as the function that it calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace sluice::ort {

// Opaque.
struct Allocator;
struct ArenaCfg;
struct Env;
struct MemoryInfo;
struct RunOptions;
struct Sess;
struct SessionOptions;
struct Status;
struct TensorInfo;
struct TypeInfo;
struct Value;

enum ErrorCode : int {
  kOk,
  kFail,
  kInvalidArgument,
  kNoSuchFile,
  kNoModel,
  kEngineError,
  kRuntimeException,
  kInvalidProtobuf,
  kModelLoaded,
  kNotImplemented,
  kInvalidGraph,
};
enum Kind : int { kUnknown, kTensor, kSequence, kMap, kOpaque, kSparse, kOptional };
enum Severity : int { kVerbose, kInfo, kWarning, kError, kFatal };
enum Optimization : int { kAll = 99 };
enum ExecutionMode : int { kSequential };
enum AllocatorType : int { kDevice, kArena };
enum MemoryType : int { kDefault };

using LogFunction = void(void* param, Severity severity, const char* category, const char* id, const char* location,
                         const char* message);

struct ApiBase {
  const void* const* (*get_api)(uint32_t version);  // null for a version that it does not have
  const char* (*get_version)();
};

// The first version with TensorTypeAndShape_HasShape.
inline constexpr uint32_t kApiVersion = 24;

template <size_t kPlace, class F>
struct At {
  static constexpr size_t place = kPlace;
  using Type = F;
};

// S: null is success, else to be read and released.
using S = Status*;
using GetErrorCode = At<1, ErrorCode(const Status*)>;
using GetErrorMessage = At<2, const char*(const Status*)>;
using CreateEnvWithCustomLogger = At<4, S(LogFunction*, void* param, int severity, const char* id, Env** out)>;
using CreateSessionFromArray = At<8, S(const Env*, const void* data, size_t size, const SessionOptions*, Sess** out)>;
using Run = At<9, S(Sess*, const RunOptions*, const char* const* names, const Value* const* values, size_t count,
                    const char* const* output_names, size_t outputs, Value** out)>;
using CreateSessionOptions = At<10, S(SessionOptions** out)>;
using SetSessionExecutionMode = At<13, S(SessionOptions*, int mode)>;
using SetSessionLogSeverityLevel = At<22, S(SessionOptions*, int severity)>;
using SetSessionGraphOptimizationLevel = At<23, S(SessionOptions*, int level)>;
using SetIntraOpNumThreads = At<24, S(SessionOptions*, int)>;
using SetInterOpNumThreads = At<25, S(SessionOptions*, int)>;
using SessionGetInputCount = At<30, S(const Sess*, size_t*)>;
using SessionGetOutputCount = At<31, S(const Sess*, size_t*)>;
using SessionGetOverridableInitializerCount = At<32, S(const Sess*, size_t*)>;
using SessionGetInputTypeInfo = At<33, S(const Sess*, size_t, TypeInfo**)>;
using SessionGetOutputTypeInfo = At<34, S(const Sess*, size_t, TypeInfo**)>;
using SessionGetOverridableInitializerTypeInfo = At<35, S(const Sess*, size_t, TypeInfo**)>;
using SessionGetInputName = At<36, S(const Sess*, size_t, Allocator*, char**)>;
using SessionGetOutputName = At<37, S(const Sess*, size_t, Allocator*, char**)>;
using SessionGetOverridableInitializerName = At<38, S(const Sess*, size_t, Allocator*, char**)>;
using CreateRunOptions = At<39, S(RunOptions**)>;
using RunOptionsSetRunLogSeverityLevel = At<41, S(RunOptions*, int severity)>;
using RunOptionsSetTerminate = At<46, S(RunOptions*)>;
using RunOptionsUnsetTerminate = At<47, S(RunOptions*)>;
using CreateTensorAsOrtValue = At<48, S(Allocator*, const int64_t* shape, size_t rank, int element, Value**)>;
using CreateTensorWithDataAsOrtValue =
    At<49, S(const MemoryInfo*, void* data, size_t bytes, const int64_t* shape, size_t rank, int element, Value**)>;
using GetTensorMutableData = At<51, S(Value*, void**)>;
using GetStringTensorDataLength = At<53, S(const Value*, size_t*)>;
using GetStringTensorContent = At<54, S(const Value*, void*, size_t bytes, size_t* offsets, size_t count)>;
using CastTypeInfoToTensorInfo = At<55, S(const TypeInfo*, const TensorInfo**)>;
using GetOnnxTypeFromTypeInfo = At<56, S(const TypeInfo*, Kind*)>;
using GetTensorElementType = At<60, S(const TensorInfo*, int*)>;
using GetDimensionsCount = At<61, S(const TensorInfo*, size_t*)>;
using GetDimensions = At<62, S(const TensorInfo*, int64_t*, size_t)>;
using GetSymbolicDimensions = At<63, S(const TensorInfo*, const char**, size_t)>;
using GetTensorTypeAndShape = At<65, S(const Value*, TensorInfo**)>;
using GetValueType = At<67, S(const Value*, Kind*)>;
using CreateMemoryInfo = At<68, S(const char* name, int allocator_type, int id, int memory_type, MemoryInfo**)>;
using AllocatorFree = At<76, S(Allocator*, void*)>;
using GetAllocatorWithDefaultOptions = At<78, S(Allocator**)>;  // not to be released
using ReleaseStatus = At<93, void(Status*)>;
using ReleaseMemoryInfo = At<94, void(MemoryInfo*)>;
using ReleaseSession = At<95, void(Sess*)>;
using ReleaseValue = At<96, void(Value*)>;
using ReleaseRunOptions = At<97, void(RunOptions*)>;
using ReleaseTypeInfo = At<98, void(TypeInfo*)>;
using ReleaseTensorInfo = At<99, void(TensorInfo*)>;
using ReleaseSessionOptions = At<100, void(SessionOptions*)>;
using AddFreeDimensionOverrideByName = At<124, S(SessionOptions*, const char*, int64_t)>;
using AddSessionConfigEntry = At<130, S(SessionOptions*, const char* key, const char* value)>;
using CreateAndRegisterAllocator = At<144, S(Env*, const MemoryInfo*, const ArenaCfg*)>;
using ReleaseArenaCfg = At<157, void(ArenaCfg*)>;
using CreateArenaCfgV2 = At<164, S(const char* const* keys, const size_t* values, size_t count, ArenaCfg**)>;
using AddRunConfigEntry = At<165, S(RunOptions*, const char*, const char*)>;
using GetResizedStringTensorElementBuffer = At<252, S(Value*, size_t index, size_t bytes, char**)>;
using AddExternalInitializersFromMemory =
    At<279, S(SessionOptions*, const char* const* file_names, char* const* buffers, const size_t* sizes, size_t count)>;
using HasShape = At<390, bool(const TensorInfo*)>;

// Set once, by Library.
inline const void* const* table = nullptr;

template <class F, class... Args>
auto Call(Args&&... args) {
  return reinterpret_cast<typename F::Type*>(const_cast<void*>(table[F::place]))(std::forward<Args>(args)...);
}

// Who owns one releases it.
struct Release {
  void operator()(Status* it) const { Call<ReleaseStatus>(it); }
  void operator()(MemoryInfo* it) const { Call<ReleaseMemoryInfo>(it); }
  void operator()(Sess* it) const { Call<ReleaseSession>(it); }
  void operator()(Value* it) const { Call<ReleaseValue>(it); }
  void operator()(RunOptions* it) const { Call<ReleaseRunOptions>(it); }
  void operator()(TypeInfo* it) const { Call<ReleaseTypeInfo>(it); }
  void operator()(TensorInfo* it) const { Call<ReleaseTensorInfo>(it); }
  void operator()(SessionOptions* it) const { Call<ReleaseSessionOptions>(it); }
  void operator()(ArenaCfg* it) const { Call<ReleaseArenaCfg>(it); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

// For an out-parameter of the table's functions: `Call<CreateRunOptions>(Out(options_))`.
template <class T>
class Out {
 public:
  explicit Out(Owned<T>& to) : to_(to) {}
  ~Out() { to_.reset(made_); }
  Out(const Out&) = delete;
  operator T**() { return &made_; }  // NOLINT: that is what it is for

 private:
  Owned<T>& to_;
  T* made_ = nullptr;
};

}  // namespace sluice::ort
