// The main of the grpc++ yardsticks: one service on PORT, until the process is stopped.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>

// No bound of a message's size.
inline void ServeGrpcpp(grpc::Service& service, const std::string& port) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::puts("ready");
  std::fflush(stdout);
  server->Wait();
}
