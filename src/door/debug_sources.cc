#include "door/debug_sources.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/error.h"
#include "base/profile/cpu_profile.h"
#include "base/strings.h"
#include "pipeline/catalog.h"
#include "transport/gzip.h"

namespace sluice {
namespace {

using namespace ai::inference;

ListQueuesResponse Queues(const Scheduler& scheduler) {
  ListQueuesResponse response;
  for (const QueueStats& queue : scheduler.Queues()) {
    auto& line = *response.add_queues();
    line.set_model(queue.name);
    line.set_waiting(static_cast<uint32_t>(queue.depth));
    line.set_running(static_cast<uint32_t>(queue.running));
    line.set_wait_ms(ToMs(queue.predicted_wait));
    line.set_service_ms(ToMs(queue.service_time));
    line.set_done(queue.done);
    line.set_batches(queue.batches);
    line.set_refused(queue.refused);
    line.set_expired(queue.expired);
    line.set_cancelled(queue.cancelled);
  }
  response.set_chores_waiting(static_cast<uint32_t>(scheduler.waiting_chores()));
  response.set_workers(static_cast<uint32_t>(scheduler.workers()));
  return response;
}

ListModelsResponse Models(const std::vector<ModelInfo>& models) {
  ListModelsResponse response;
  for (const ModelInfo& model : models) {
    auto& line = *response.add_models();
    line.set_model_id(model.id);
    line.set_version(model.version);
    line.set_state(std::string(ToString(model.state)));
    line.set_reason(model.reason);
    line.set_task(model.task);
    line.set_engine(model.engine);
    line.set_fallback(model.fallback);
    line.set_alias_of(model.alias_of);
    if (model.handle == nullptr || !model.alias_of.empty()) continue;
    line.set_memory_bytes(model.handle->memory_bytes());
    line.set_sessions(static_cast<uint32_t>(model.handle->workers()));
    line.set_slo_ms(model.handle->manifest().slo_ms());
    const auto statistics = ModelCatalog::StatisticsOf(*model.handle);
    line.set_succeeded(statistics.success.count);
    line.set_failed(statistics.fail.count);
  }
  return response;
}

// Of "name=value".
std::string NameAlone(const std::string& header) { return header.substr(0, header.find('=')) + "=(set)"; }

// Passwords are nobody's business, nor what a collector knows us by.
void Redact(google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const bool secret = field->name().find("password") != std::string::npos;
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING && secret && !field->is_repeated()) {
      reflection.SetString(&message, field, "(set)");
    }
    if (field->full_name() == "ai.inference.config.Tracing.headers") {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        const std::string name = NameAlone(reflection.GetRepeatedString(message, field, i));
        reflection.SetRepeatedString(&message, field, i, name);
      }
    }
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) Redact(*reflection.MutableMessage(&message, field));
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
      Redact(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

std::vector<std::string> DifferencesOf(config::Server running, config::Server file) {
  Redact(running);
  Redact(file);
  std::string text;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&text);
  if (differencer.Compare(running, file)) return {};
  std::vector<std::string> lines;
  for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) lines.emplace_back(line);
  return lines;
}

GetConfigResponse Config(const DebugSources& sources) {
  GetConfigResponse response;
  config::Server running = sources.running;
  Redact(running);
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  std::string json;
  const bool printed = google::protobuf::util::MessageToJsonString(running, &json, print).ok();
  SLUICE_CHECK(printed && google::protobuf::util::JsonStringToMessage(json, response.mutable_running()).ok(), "config");
  const auto file = sources.reread();
  if (file.ok()) {
    for (std::string& line : DifferencesOf(sources.running, *file)) response.add_differences(std::move(line));
  } else {
    response.set_error(std::string(file.status().message()));
  }
  for (const WatchedFiles::State& state : sources.files.states()) {
    auto& watched = *response.add_files();
    watched.set_name(state.name);
    watched.set_reloads(state.reloads);
    watched.set_failures(state.failures);
    watched.set_error(state.error);
  }
  return response;
}

std::vector<std::string> NamesOf(const Chain& chain) {
  std::vector<std::string> names;
  for (const auto& layer : chain) names.emplace_back(layer->name());
  return names;
}

}  // namespace

absl::StatusOr<std::string> PackedProfile(Duration time, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::string profile, ProfileCpu(time, stop));
  std::string packed;
  transport::Deflate(profile, packed);
  return packed;
}

DebugContext MakeDebugContext(const DebugSources& sources) {
  return {.telemetry = sources.telemetry,
          .call_layers = NamesOf(sources.chain),
          .admission_layers = sources.admission.LayerNames(),
          .queues = [&scheduler = sources.scheduler] { return Queues(scheduler); },
          .models = [models = sources.models] { return Models(models()); },
          .config = [sources] { return Config(sources); },
          .profile = sources.profile,
          .slow = sources.slow};
}

}  // namespace sluice
