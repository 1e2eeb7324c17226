#include "base/config/otel_environment.h"

#include <gtest/gtest.h>

#include <map>

#include "base/config/config.h"
#include "base/strings.h"

namespace sluice {
namespace {

using config::Tracing;

auto EnvironmentOf(const std::map<std::string, std::string>& variables) {
  return [&variables](const char* name) {
    const auto it = variables.find(name);
    return it == variables.end() ? nullptr : it->second.c_str();
  };
}

Tracing With(const std::map<std::string, std::string>& variables) {
  Tracing tracing = DefaultConfig().tracing();
  const absl::Status status = ApplyOtelEnvironment(EnvironmentOf(variables), tracing);
  EXPECT_TRUE(status.ok()) << status;
  return tracing;
}

TEST(OtelEnvironmentTest, NothingIsSentUnlessSomebodySaysWhere) {
  EXPECT_EQ(With({}).exporter(), Tracing::OFF);
  EXPECT_EQ(With({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}).exporter(), Tracing::OFF);
  EXPECT_EQ(With({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}}).endpoint(), "http://c:4318/v1/traces");
  EXPECT_EQ(With({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/x"}}).endpoint(), "http://c:4318/x");
  EXPECT_EQ(With({{"OTEL_TRACES_EXPORTER", "zipkin"}}).exporter(), Tracing::ZIPKIN);
  for (const char* disabled : {"true", "True", "TRUE"}) {
    EXPECT_EQ(With({{"OTEL_SDK_DISABLED", disabled}, {"OTEL_TRACES_EXPORTER", "otlp"}}).exporter(), Tracing::OFF);
  }
  EXPECT_EQ(With({{"OTEL_SDK_DISABLED", "false"}, {"OTEL_TRACES_EXPORTER", "otlp"}}).exporter(), Tracing::OTLP);
}

TEST(OtelEnvironmentTest, WhomItTrusts) {
  const auto ca_file = [](std::map<std::string, std::string> variables) {
    variables["OTEL_TRACES_EXPORTER"] = "otlp";
    return With(variables).ca_file();
  };
  EXPECT_EQ(ca_file({}), "");
  EXPECT_EQ(ca_file({{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/a.pem"}}), "/a.pem");
  EXPECT_EQ(
      ca_file({{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/a.pem"}, {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/b.pem"}}),
      "/b.pem");
}

TEST(OtelEnvironmentTest, HowTheCollectorIsSpokenTo) {
  const auto with = [](std::string_view infix) {
    const auto name = [infix](std::string_view what) { return StrCat("OTEL_EXPORTER_OTLP_", infix, what); };
    return std::map<std::string, std::string>{{name("HEADERS"), StrCat("key=", infix, "%20x")},
                                              {name("CLIENT_CERTIFICATE"), StrCat("/", infix, "c.pem")},
                                              {name("CLIENT_KEY"), StrCat("/", infix, "k.pem")},
                                              {name("COMPRESSION"), infix.empty() ? "gzip" : "none"},
                                              {name("TIMEOUT"), infix.empty() ? "2000" : "3000"}};
  };
  const auto expect = [](const Tracing& tracing, std::string_view infix) {
    ASSERT_EQ(tracing.headers_size(), 1);
    EXPECT_EQ(tracing.headers(0), StrCat("key=", infix, " x"));
    EXPECT_EQ(tracing.certificate(), StrCat("/", infix, "c.pem"));
    EXPECT_EQ(tracing.key(), StrCat("/", infix, "k.pem"));
    EXPECT_EQ(tracing.gzip(), infix.empty());
    EXPECT_EQ(tracing.timeout_ms(), infix.empty() ? 2000u : 3000u);
  };
  auto all = with("");
  expect(With(all), "");
  all.merge(with("TRACES_"));
  expect(With(all), "TRACES_");
  EXPECT_TRUE(With({}).gzip());
}

TEST(OtelEnvironmentTest, WhoItIs) {
  const Tracing tracing =
      With({{"OTEL_RESOURCE_ATTRIBUTES", "zone=a, service.name=x,tier=1"}, {"OTEL_SERVICE_NAME", "faces"}});
  EXPECT_EQ(tracing.service_name(), "faces");
  ASSERT_EQ(tracing.resource_attributes_size(), 2);
  EXPECT_EQ(tracing.resource_attributes(0), "zone=a");
  EXPECT_EQ(With({{"OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb%20c"}}).resource_attributes(0), "team=a,b c");
}

// "": nothing wrong.
std::string WrongProtocol(Tracing::Exporter exporter, const std::map<std::string, std::string>& variables) {
  Tracing tracing;
  tracing.set_exporter(exporter);
  return std::string(CheckOtlpProtocol(EnvironmentOf(variables), tracing).message());
}

TEST(OtelEnvironmentTest, OnlyOneProtocolOfOtlp) {
  const std::string all = "OTEL_EXPORTER_OTLP_PROTOCOL", traces = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
  EXPECT_EQ(WrongProtocol(Tracing::OTLP, {}), "");
  EXPECT_EQ(WrongProtocol(Tracing::OTLP, {{all, ""}}), "");
  EXPECT_EQ(WrongProtocol(Tracing::OTLP, {{all, "http/protobuf"}}), "");
  EXPECT_EQ(WrongProtocol(Tracing::OTLP, {{all, "grpc"}, {traces, "http/protobuf"}}), "");
  for (const char* protocol : {"grpc", "http/json", "smoke"}) {
    const std::string wrong = WrongProtocol(Tracing::OTLP, {{all, protocol}});
    EXPECT_NE(wrong.find(StrCat(all, " is '", protocol, "', not http/protobuf")), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("4318"), std::string::npos) << wrong;
    EXPECT_EQ(WrongProtocol(Tracing::OTLP, {{traces, protocol}, {all, "http/protobuf"}}).find(all), std::string::npos);
    EXPECT_EQ(WrongProtocol(Tracing::ZIPKIN, {{all, protocol}}), "");
    EXPECT_EQ(WrongProtocol(Tracing::OFF, {{traces, protocol}}), "");
  }
}

TEST(OtelEnvironmentTest, HowManyAreSampled) {
  const auto ratio = [](const char* sampler, const char* argument) {
    return With({{"OTEL_TRACES_SAMPLER", sampler}, {"OTEL_TRACES_SAMPLER_ARG", argument}}).sample_ratio();
  };
  EXPECT_EQ(ratio("", ""), DefaultConfig().tracing().sample_ratio());
  EXPECT_EQ(ratio("always_on", "0.5"), 1);
  EXPECT_EQ(ratio("parentbased_always_off", "nonsense"), 0);
  EXPECT_EQ(ratio("traceidratio", ""), 1);
  EXPECT_EQ(ratio("parentbased_traceidratio", "0.25"), 0.25);
}

TEST(OtelEnvironmentTest, NumbersAndNonsense) {
  EXPECT_EQ(With({{"OTEL_TRACES_SAMPLER_ARG", "0.25"}}).sample_ratio(), 0.25);
  EXPECT_EQ(With({{"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"}}).timeout_ms(), 2500u);
  EXPECT_EQ(With({{"OTEL_BSP_SCHEDULE_DELAY", "1000"}}).interval_ms(), 1000u);
  for (const auto& [name, value] : std::map<std::string, std::string>{{"OTEL_TRACES_SAMPLER_ARG", "2"},
                                                                      {"OTEL_TRACES_EXPORTER", "carrier pigeon"},
                                                                      {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},
                                                                      {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"},
                                                                      {"OTEL_EXPORTER_OTLP_HEADERS", "key"},
                                                                      {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "k=%"},
                                                                      {"OTEL_EXPORTER_OTLP_COMPRESSION", "snappy"},
                                                                      {"OTEL_TRACES_SAMPLER", "xray"},
                                                                      {"OTEL_BSP_SCHEDULE_DELAY", "0"},
                                                                      {"OTEL_RESOURCE_ATTRIBUTES", "zone"}}) {
    Tracing tracing;
    const absl::Status status = ApplyOtelEnvironment(EnvironmentOf({{name, value}}), tracing);
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace sluice
