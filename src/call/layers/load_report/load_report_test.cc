#include "call/layers/load_report/load_report.h"

#include <gtest/gtest.h>

#include "ai/inference/text_classification.pb.h"
#include "call/testing/layer_fixture.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

class LoadReportTest : public LayerTest {
 protected:
  LoadReportTest() {
    layers_.telemetry.load.busy = 0.625;
    layers_.telemetry.load.calls_per_s = 812.5;
    chain_.push_back(std::make_unique<LoadReportLayer>(layers_.On(loop_)));
    methods_.Add(ClassifyRequest::descriptor()->file()->service(0)->FindMethodByName("Classify"),
                 Unary<ClassifyRequest>([](std::shared_ptr<Call> call, auto) { call->Reply(ClassifyResponse()); }));
  }
  std::string ReportFor(const char* asked) {
    headers_.Clear();
    if (asked != nullptr) headers_.Add("endpoint-load-metrics-format", asked);
    const auto call = Begin(*methods_.all().front());
    call->Deliver(call->method().NewRequest(), 1);
    EXPECT_TRUE(call->done());
    return std::string(call->response_headers().Get("endpoint-load-metrics"));
  }
};

TEST_F(LoadReportTest, WhoAsksIsTold) {
  EXPECT_EQ(ReportFor("text"), "TEXT application_utilization=0.625,rps_fractional=812.5");
  EXPECT_EQ(ReportFor("JSON"), R"(JSON {"application_utilization":0.625,"rps_fractional":812.5})");
}

TEST_F(LoadReportTest, OthersAreNot) {
  EXPECT_EQ(ReportFor(nullptr), "");
  EXPECT_EQ(ReportFor("bin"), "");
}

}  // namespace
}  // namespace sluice
