// The yardstick for small calls: grpc++'s callback API answering the same Health/Check, nothing else.
//
//   grpcpp_health PORT
#include "bench/grpcpp_serve.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace {

class HealthService final : public grpc::health::v1::Health::CallbackService {
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const grpc::health::v1::HealthCheckRequest*,
                                  grpc::health::v1::HealthCheckResponse* response) override {
    response->set_status(grpc::health::v1::HealthCheckResponse::SERVING);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int, char** argv) {
  HealthService service;
  ServeGrpcpp(service, argv[1]);
}
