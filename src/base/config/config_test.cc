#include "base/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ai/inference/config/options.pb.h"
#include "base/config/file.h"
#include "base/strings.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseConfig(text, "sluice.yaml");
  return parsed.ok() ? "ok" : std::string(parsed.status().message());
}

TEST(Config, EmptyPathIsTheDefaults) {
  const auto server = LoadConfig("");
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_EQ(server->listeners_size(), 2);
  EXPECT_EQ(server->listeners(0).address(), "127.0.0.1:8000");
  EXPECT_EQ(server->listeners(1).address(), "127.0.0.1:50051");
  EXPECT_EQ(server->http().body_bytes_max(), 32u << 20);
  EXPECT_EQ(server->logs().access(), "stdout");
  EXPECT_TRUE(server->metrics().enabled());
}

TEST(Config, SectionsMergeAndListsReplace) {
  const auto server = ParseConfig(R"(
listeners:
  - address: 0.0.0.0:8443
    tls: {certificate: cert.pem, key: key.pem}
    expose: [api, metrics]
http:
  body_bytes_max: 1000000
drain:  # all lines of this section are comments
logs: {level: warning}
)",
                                  "sluice.yaml");
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_EQ(server->listeners_size(), 1);
  EXPECT_EQ(server->listeners(0).tls().key(), "key.pem");
  EXPECT_EQ(server->http().body_bytes_max(), 1'000'000u);
  EXPECT_EQ(server->http().headers_max(), DefaultConfig().http().headers_max());
  EXPECT_EQ(server->logs().level(), config::Logs::WARNING);
  EXPECT_EQ(server->logs().access(), "stdout");
}

TEST(Config, EveryMistakeHasItsLineAndWhatIsPossible) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"# comment\nlisteners: []\nlogz: {}",
       "sluice.yaml:3: unknown key 'logz'; valid keys: listeners, trusted_proxies"},
      {"http:\n  body_max: 1", "sluice.yaml:2: unknown key 'body_max' in http; valid keys: connections_max"},
      {"http:\n  streams_max: many", "sluice.yaml:2: http.streams_max must be a whole number, not 'many'"},
      {"http: {streams_max: 0}", "http.streams_max must be at least 1 and at most 100000, not 0"},
      {"http: {streams_max: -1}", "http.streams_max must be a whole number"},
      {"http: {streams_max: 99999999999}", "http.streams_max must be a whole number"},
      {"http: {streams_max: [1]}", "http.streams_max must be a single value"},
      {"http: {streams_max: }", "http.streams_max has no value"},
      {"http: 5", "http must have keys: connections_max"},
      {"just text", "the file must have keys: listeners"},
      {"logs: {level: debug}", "logs.level must be one of info, warning, error, not 'debug'"},
      {"metrics: {enabled: yes}", "metrics.enabled must be true or false, not 'yes'"},
      {"trusted_proxies: 10.0.0.1", "trusted_proxies must be a list"},
      {"drain: {}\ndrain: {}", "sluice.yaml:2: key 'drain' is a duplicate"},
      {"drain: {}\n---\nhttp: {headers_max: 9}", "sluice.yaml:3: a second document begins here"},
      {"listeners: []", "listeners is empty"},
      {"listeners:\n  - tls: {}", "listeners[0].address is missing"},
      {"listeners:\n  - {address: a:1, tls: {certificate: c}}", "listeners[0].tls needs both"},
      {"listeners:\n  - {address: a:1, expose: [everything]}",
       "expose must be one of api, admin, metrics, console, not 'everything'"},
      {"deadlines: {default_ms: 5000, max_ms: 1000}", "deadlines.default_ms is greater than"},
      {"http: {", "sluice.yaml:1: "},
      {"a: &x [1]\nb: *y", "sluice.yaml:2: "},
  };
  for (const Case& c : cases) EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
}

TEST(Config, AFileThatIsAbsentOrTooLargeIsNamed) {
  EXPECT_THAT(std::string(LoadConfig("/nonexistent/sluice.yaml").status().message()),
              HasSubstr("/nonexistent/sluice.yaml"));
  const auto path = std::filesystem::temp_directory_path() / StrCat("sluice_config_test_", getpid());
  std::ofstream(path) << "0123456789";
  EXPECT_EQ(*ReadFile(path.string(), 10), "0123456789");
  EXPECT_FALSE(ReadFile(path.string(), 9).ok());
  EXPECT_FALSE(ReadFile(path.parent_path().string(), 10).ok());
  std::filesystem::remove(path);
}

TEST(Config, WhatCouldKeepAReaderWaitingIsNoFile) {
  const std::string pipe = StrCat(std::filesystem::temp_directory_path().string(), "/sluice_config_pipe_", getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), std::string("/dev/null")}) {
    EXPECT_THAT(std::string(ReadFile(path, 10).status().message()), HasSubstr("not a regular file")) << path;
  }
  std::filesystem::remove(pipe);
  EXPECT_THAT(*ReadFile("/proc/self/status", 1 << 20), HasSubstr("VmRSS"));  // a file that says it has no bytes
}

TEST(Config, AConfigurationMayBeNoFile) {
  EXPECT_EQ(LoadConfig("/dev/null")->SerializeAsString(), LoadConfig("")->SerializeAsString());
  EXPECT_THAT(std::string(LoadConfig("/dev/zero").status().message()), HasSubstr("larger than"));
  EXPECT_THAT(std::string(LoadConfig("/").status().message()), HasSubstr("directory"));
}

TEST(Config, AConfigurationMayComeThroughAPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "workers: {count: 3}", 19), 19);
  close(ends[1]);
  EXPECT_EQ(LoadConfig(StrCat("/dev/fd/", ends[0]))->workers().count(), 3u);
  close(ends[0]);
}

// Every number has a range, so no knob takes nonsense.
void ExpectRanges(const google::protobuf::Descriptor& type) {
  using google::protobuf::FieldDescriptor;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ExpectRanges(*field.message_type());
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
               field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
      EXPECT_TRUE(field.options().HasExtension(ai::inference::config::range)) << field.full_name();
    }
  }
}

TEST(Config, EveryNumberHasARange) { ExpectRanges(*config::Server::descriptor()); }

// "Default X." in a field's comment is what the defaults say. Returns how many it compared.
int ExpectComments(const std::string& proto, const google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  int compared = 0;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* field = message.GetDescriptor()->field(i);
    if (field->is_repeated() || field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_ENUM) continue;
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      compared += ExpectComments(proto, reflection.GetMessage(message, field));
      continue;
    }
    std::string value;
    google::protobuf::TextFormat::Printer printer;
    printer.SetUseUtf8StringEscaping(true);
    printer.PrintFieldValueToString(message, field, -1, &value);
    const size_t declared = proto.find(StrCat(" ", field->name(), " = ", field->number()),
                                       proto.find(StrCat("message ", message.GetDescriptor()->name(), " {")));
    const size_t said = proto.rfind("Default ", declared);
    EXPECT_TRUE(declared != std::string::npos && said != std::string::npos) << field->full_name();
    std::erase(value, '"');
    if (value.empty()) value = "empty";
    EXPECT_THAT(proto.substr(said, declared - said), HasSubstr(value)) << field->full_name();
    ++compared;
  }
  return compared;
}

TEST(Config, CommentsTellTheRealDefaults) {
  const auto proto = ReadFile(SLUICE_SOURCE_DIR "/proto/ai/inference/config/server.proto", 1 << 20);
  ASSERT_TRUE(proto.ok());
  EXPECT_GT(ExpectComments(*proto, DefaultConfig()), 20);
}

TEST(Config, ReplicasThatAreConfiguredAlikeHaveOneHash) {
  const auto hash = [](std::string_view text) {
    const auto server = ParseConfig(text, "sluice.yaml");
    EXPECT_TRUE(server.ok()) << server.status();
    return HashOfConfig(*server);
  };
  const uint64_t one = hash("listeners: [{address: '10.0.0.1:8000'}]\ntracing: {resource_attributes: [host.name=a]}");
  EXPECT_EQ(one, hash("listeners: [{address: '10.0.0.2:8000'}]\ntracing: {resource_attributes: [host.name=b]}"));
  EXPECT_NE(one, hash("listeners: [{address: '10.0.0.1:8000', expose: [api]}]"));
  EXPECT_NE(one, hash("listeners: [{address: '10.0.0.1:8000'}]\nhttp: {body_bytes_max: 100000}"));
}

}  // namespace
}  // namespace sluice
