#include "api/open_inference/service.h"

#include <utility>

#include "api/open_inference/infer.h"
#include "api/open_inference/models.h"
#include "api/open_inference/prepare.h"
#include "api/open_inference/stream.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/unary.h"
#include "google/protobuf/descriptor.h"
#include "inference/grpc_service.pb.h"

namespace sluice {
namespace {

using namespace inference;  // NOLINT: the messages of one service

using CallPtr = std::shared_ptr<Call>;

// The extensions of the protocol that this server has.
constexpr const char* kExtensions[] = {"binary_tensor_data", "model_configuration", "model_repository",
                                       "parameters",         "schedule_policy",     "statistics"};

// The call's own deadline has its timer in the deadline layer; 0 when the request has no earlier one.
Loop::TimerId StartTimer(const CallPtr& call, TimePoint deadline) {
  if (deadline >= call->deadline()) return 0;
  return call->loop().At(deadline, [call = std::weak_ptr<Call>(call)] {
    if (const auto alive = call.lock()) {
      alive->Fail(Error(Reason::DEADLINE_EXCEEDED, "no result within the request's timeout parameter"));
    }
  });
}

void Infer(const OpenInferenceContext& context, const CallPtr& call, ModelInferRequest& request) {
  Loop& loop = call->loop();
  const TimePoint deadline = InferDeadline(request, loop.clock().Now(), call->deadline());
  const Loop::TimerId timer = StartTimer(call, deadline);
  auto ticket = SubmitInfer(context.pipeline, call, request, deadline,
                            [call, &loop, timer](absl::StatusOr<ModelInferResponse> result) {
                              loop.Cancel(timer);
                              if (!result.ok()) return call->Fail(result.status());
                              call->Reply(*std::move(result));
                            });
  if (!ticket.ok()) {
    loop.Cancel(timer);
    return call->Fail(ticket.status());
  }
  call->OnFailure([&pipeline = context.pipeline, ticket = *ticket] { pipeline.Cancel(ticket); });
}

template <typename Response>
void Answer(Call& call, const absl::StatusOr<Response>& result) {
  if (!result.ok()) return call.Fail(result.status());
  call.Reply(*result);
}

ServerMetadataResponse ServerMetadata() {
  ServerMetadataResponse response;
  response.set_name("sluice");
  response.set_version(SLUICE_VERSION);
  for (const char* extension : kExtensions) response.add_extensions(extension);
  return response;
}

// Loads or unloads, and answers on the call's loop.
template <typename Response, typename Request>
void Change(CallPtr call, const Request& request,
            absl::Status (ModelCatalog::*change)(std::string, std::stop_token, ModelCatalog::Done),
            ModelCatalog& catalog) {
  for (const auto& [name, value] : request.parameters()) {
    if (name == "unload_dependents") continue;
    return call->Fail(FieldError(Reason::UNIMPLEMENTED, Excerpt(name),
                                 "a model is defined by its folder; overriding it by parameters is not supported"));
  }
  const absl::Status begun =
      (catalog.*change)(request.model_name(), call->chore_owner().stop, [call](absl::Status outcome) {
        call->loop().Post([call, outcome = std::move(outcome)] {
          if (!outcome.ok()) return call->Fail(outcome);
          call->Reply(Response());
        });
      });
  if (!begun.ok()) call->Fail(begun);
}

// Registers one method after the other.
class Registrar {
 public:
  explicit Registrar(MethodTable& methods)
      : methods_(methods),
        service_(*ModelInferRequest::descriptor()->file()->FindServiceByName("GRPCInferenceService")) {}

  template <typename Request, typename Function>
  Method& Add(const char* name, Function function) {
    return methods_.Add(service_.FindMethodByName(name),
                        Unary<Request>([function](CallPtr call, std::unique_ptr<Request> request) {
                          function(std::move(call), std::move(request));
                        }));
  }
  Method& AddStream(const char* name, std::function<std::unique_ptr<CallHandler>(Call&)> start) {
    return methods_.Add(service_.FindMethodByName(name), std::move(start));
  }

 private:
  MethodTable& methods_;
  const google::protobuf::ServiceDescriptor& service_;
};

void AddServer(Registrar& to, const OpenInferenceContext& context) {
  to.Add<ServerLiveRequest>("ServerLive", [](CallPtr call, auto) {
    ServerLiveResponse response;
    response.set_live(true);
    call->Reply(response);
  });
  to.Add<ServerReadyRequest>("ServerReady",
                             [&draining = context.draining, &catalog = context.catalog](CallPtr call, auto) {
                               ServerReadyResponse response;
                               response.set_ready(!draining && catalog.ready());
                               call->Reply(response);
                             });
  to.Add<ServerMetadataRequest>("ServerMetadata", [](CallPtr call, auto) { call->Reply(ServerMetadata()); });
}

void AddModels(Registrar& to, ModelCatalog& catalog) {
  to.Add<ModelReadyRequest>("ModelReady", [&catalog](CallPtr call, auto request) {
    ModelReadyResponse response;
    response.set_ready(catalog.Resolve(request->name(), request->version()).ok());
    call->Reply(response);
  });
  to.Add<ModelMetadataRequest>("ModelMetadata", [&catalog](CallPtr call, auto request) {
    Answer(*call, ModelMetadata(catalog, request->name(), request->version()));
  });
  to.Add<ModelConfigRequest>("ModelConfig", [&catalog](CallPtr call, auto request) {
    Answer(*call, ModelConfig(catalog, request->name(), request->version()));
  });
  to.Add<ModelStatisticsRequest>("ModelStatistics", [&catalog](CallPtr call, auto request) {
    Answer(*call, ModelStatistics(catalog, request->name(), request->version()));
  });
}

void AddRepository(Registrar& to, ModelCatalog& catalog) {
  to.Add<RepositoryIndexRequest>("RepositoryIndex", [&catalog](CallPtr call, auto request) {
    call->Reply(RepositoryIndex(catalog, request->ready()));
  });
  to.Add<RepositoryModelLoadRequest>("RepositoryModelLoad", [&catalog](CallPtr call, auto request) {
    Change<RepositoryModelLoadResponse>(std::move(call), *request, &ModelCatalog::Load, catalog);
  });
  to.Add<RepositoryModelUnloadRequest>("RepositoryModelUnload", [&catalog](CallPtr call, auto request) {
    Change<RepositoryModelUnloadResponse>(std::move(call), *request, &ModelCatalog::Unload, catalog);
  });
}

}  // namespace

void RegisterOpenInference(MethodTable& methods, const OpenInferenceContext& context) {
  Registrar to(methods);
  AddServer(to, context);
  AddModels(to, context.catalog);
  Method& infer = to.Add<ModelInferRequest>("ModelInfer",
                                            [context](CallPtr call, auto request) { Infer(context, call, *request); });
  Method& stream = to.AddStream("ModelStreamInfer", [context](Call& call) { return NewInferStream(call, context); });
  for (Method* method : {&infer, &stream}) {
    method->prepare = PrepareInfer;
    method->work_bytes = InferWorkBytes;
  }
  AddRepository(to, context.catalog);
}

}  // namespace sluice
