#include "call/method.h"

#include <utility>

#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.h"

namespace sluice {

Method& MethodTable::Add(const google::protobuf::MethodDescriptor* descriptor,
                         std::function<std::unique_ptr<CallHandler>(Call&)> start) {
  auto method = std::make_unique<Method>();
  method->descriptor = descriptor;
  method->name = StrCat(descriptor->service()->full_name(), "/", descriptor->name());
  method->path = StrCat("/", method->name);
  method->request_prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type());
  method->client_streaming = descriptor->client_streaming();
  method->server_streaming = descriptor->server_streaming();
  method->options = &descriptor->options().GetExtension(ai::inference::method);
  method->default_deadline = std::chrono::milliseconds(method->options->default_deadline_ms());
  method->deadline_per_message = method->client_streaming || method->server_streaming;
  if (const uint32_t bytes = method->options->request_bytes_max(); bytes > 0) method->request_bytes_max = bytes;
  if (const uint32_t parts = method->options->request_parts_max(); parts > 0) method->request_parts_max = parts;
  if (const auto work = method->options->work_class(); work != ai::inference::MethodOptions::NO_WORK)
    method->work_class = static_cast<WorkClass>(work - ai::inference::MethodOptions::LIVE);
  method->quiet = method->options->quiet();
  method->start = std::move(start);
  by_path_[method->path] = method.get();
  return *methods_.emplace_back(std::move(method));
}

const Method& UnknownMethod() {
  static const Method unknown = [] {
    Method method;
    method.name = "unknown";
    method.options = &ai::inference::MethodOptions::default_instance();
    return method;
  }();
  return unknown;
}

const Method* MethodTable::Find(std::string_view path) const {
  const auto it = by_path_.find(ToAbsl(path));
  return it == by_path_.end() ? nullptr : it->second;
}

}  // namespace sluice
