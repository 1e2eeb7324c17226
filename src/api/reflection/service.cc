#include "api/reflection/service.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/reflection/symbol_index.h"
#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/call.h"
#include "call/outcome.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace sluice {
namespace {

// Names, and little beside them.
constexpr size_t kRequestBytesMax = 64 << 10;

// The two versions have the same messages in two packages.
struct V1 {
  using Request = ::grpc::reflection::v1::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Request = ::grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1alpha::ServerReflectionResponse;
};

absl::Status NotFound(std::string_view what, std::string_view name) {
  return Error(Reason::NOT_FOUND, StrCat("no ", what, " '", Excerpt(name), "'"));
}

template <typename Version>
class ReflectionHandler final : public CallHandler {
 public:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionHandler(std::shared_ptr<const SymbolIndex> index, Call& call) : index_(std::move(index)), call_(call) {}

  void OnMessage(MessagePtr message) override {
    const auto& request = static_cast<const Request&>(*message);
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    if (const absl::Status status = Answer(request, response); !status.ok()) {
      response.mutable_error_response()->set_error_code(GrpcCodeOf(status));
      response.mutable_error_response()->set_error_message(std::string(status.message()));
    }
    call_.Send(response);
    Continue();
  }
  void OnWritable() override {
    if (std::exchange(waits_, false)) Continue();
  }
  // Requests are answered as they come, so nothing is left to do.
  void OnRequestEnd() override { call_.Finish(absl::OkStatus()); }

 private:
  void Continue() {
    waits_ = !call_.CanWrite();
    if (!waits_) call_.ReadMore();
  }

  absl::Status Answer(const Request& request, Response& response) {
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        return AddFile(index_->FindFile(request.file_by_filename()), "file", request.file_by_filename(), response);
      case Request::kFileContainingSymbol:
        return AddFile(index_->FindSymbol(request.file_containing_symbol()), "symbol", request.file_containing_symbol(),
                       response);
      case Request::kFileContainingExtension: {
        const auto& extension = request.file_containing_extension();
        return AddFile(index_->FindExtension(extension.containing_type(), extension.extension_number()), "extension of",
                       extension.containing_type(), response);
      }
      case Request::kAllExtensionNumbersOfType: return AddExtensions(request.all_extension_numbers_of_type(), response);
      case Request::kListServices: AddServices(response); return absl::OkStatus();
      default: return Error(Reason::INVALID_REQUEST, "the request is empty; set one of its fields");
    }
  }

  absl::Status AddFile(const SymbolIndex::File* file, std::string_view what, std::string_view name,
                       Response& response) {
    if (file == nullptr) return NotFound(what, name);
    AddWithImports(*file, /*asked=*/true, response);
    return absl::OkStatus();
  }

  // Imports come along once per stream, so that a client needs one question for a service.
  void AddWithImports(const SymbolIndex::File& file, bool asked, Response& response) {
    if (!sent_.insert(&file).second && !asked) return;
    response.mutable_file_descriptor_response()->add_file_descriptor_proto(file.bytes);
    for (const SymbolIndex::File* import : file.imports) AddWithImports(*import, false, response);
  }

  absl::Status AddExtensions(const std::string& type, Response& response) {
    const std::vector<int>* extensions = index_->ExtensionsOf(type);
    if (extensions == nullptr) return NotFound("message type", type);
    auto* numbers = response.mutable_all_extension_numbers_response();
    numbers->set_base_type_name(type);
    for (const int number : *extensions) numbers->add_extension_number(number);
    return absl::OkStatus();
  }

  void AddServices(Response& response) {
    auto* services = response.mutable_list_services_response();
    for (const std::string& name : index_->services()) services->add_service()->set_name(name);
  }

  const std::shared_ptr<const SymbolIndex> index_;
  Call& call_;
  bool waits_ = false;  // for OnWritable
  std::set<const SymbolIndex::File*> sent_;
};

template <typename Version>
void Register(MethodTable& methods, const std::shared_ptr<const SymbolIndex>& index) {
  const auto* service = Version::Request::descriptor()->file()->FindServiceByName("ServerReflection");
  SLUICE_CHECK(service != nullptr, "reflection.proto");
  methods
      .Add(service->method(0),
           [index](Call& call) { return std::make_unique<ReflectionHandler<Version>>(index, call); })
      .request_bytes_max = kRequestBytesMax;
}

}  // namespace

void RegisterReflection(MethodTable& methods) {
  const auto index = std::make_shared<SymbolIndex>();
  Register<V1>(methods, index);
  Register<V1Alpha>(methods, index);
  index->Add(methods);
}

}  // namespace sluice
