// The yardstick for tensors: grpc++'s callback API giving back what ModelInfer brought, nothing else.
//
//   grpcpp_infer PORT
#include "bench/grpcpp_serve.h"
#include "inference/grpc_service.grpc.pb.h"

namespace {

class InferService final : public inference::GRPCInferenceService::CallbackService {
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* request,
                                       inference::ModelInferResponse* response) override {
    response->set_model_name(request->model_name());
    response->set_id(request->id());
    for (const auto& input : request->inputs()) {
      auto* output = response->add_outputs();
      output->set_name("output");
      output->set_datatype(input.datatype());
      *output->mutable_shape() = input.shape();
    }
    *response->mutable_raw_output_contents() = request->raw_input_contents();
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int, char** argv) {
  InferService service;
  ServeGrpcpp(service, argv[1]);
}
