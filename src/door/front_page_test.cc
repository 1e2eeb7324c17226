#include "door/front_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/http/exchange.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kFrame =
    "<p class=\"{{ready}}\">{{version}} {{state}}</p><div {{try}}>{{choices}}</div>{{models}}{{links}}";

ModelInfo Model(std::string id, std::string task, ModelState state = ModelState::kServing, std::string reason = "") {
  return {.id = std::move(id), .version = "1", .state = state, .reason = std::move(reason), .task = std::move(task)};
}

FrontFacts Facts(uint32_t exposed) {
  return {.version = "1.2",
          .origin = "http://here",
          .exposed = exposed,
          .models = {Model("faces", "face_detection"), Model("texts", "text_classification"),
                     Model("broken", "face_detection", ModelState::kFailed, "a <b> of & 'no' \"use\"")}};
}

TEST(FrontPageTest, ListsTheModelsAndTheirState) {
  EXPECT_THAT(FrontText(Facts(http::kExposeAll)), AllOf(HasSubstr("faces"), HasSubstr("serving"), HasSubstr("ready"),
                                                        HasSubstr("failed: a <b> of & 'no' \"use\"")));
  EXPECT_THAT(FrontHtml(Facts(http::kExposeAll), kFrame),
              AllOf(HasSubstr("<td>faces</td>"), HasSubstr("class=\"good\">serving"), HasSubstr("1.2 Ready.")));
}

TEST(FrontPageTest, EscapesWhatFilesSay) {
  EXPECT_THAT(FrontHtml(Facts(http::kExposeAll), kFrame),
              AllOf(HasSubstr("a &lt;b&gt; of &amp; &#39;no&#39; &quot;use&quot;"), Not(HasSubstr("<b>"))));
}

TEST(FrontPageTest, OffersModelsThatSeeImages) {
  EXPECT_THAT(FrontHtml(Facts(http::kExposeAll), kFrame), HasSubstr("<div ><option>faces</option></div>"));
}

TEST(FrontPageTest, LinksOnlyWhatTheListenerExposes) {
  const FrontFacts console_only = Facts(http::kExposeConsole);
  EXPECT_THAT(FrontText(console_only), AllOf(HasSubstr("http://here/readyz"), Not(HasSubstr("/docs")),
                                             Not(HasSubstr("/metrics")), Not(HasSubstr("curl"))));
  EXPECT_THAT(FrontHtml(console_only, kFrame), AllOf(HasSubstr("<div hidden>"), Not(HasSubstr("/docs"))));
  EXPECT_THAT(FrontText(Facts(http::kExposeApi | http::kExposeMetrics)),
              AllOf(HasSubstr("http://here/docs"), HasSubstr("/metrics"), HasSubstr("http://here/api/v1/recognize")));
}

TEST(FrontPageTest, SaysWhyItIsNotReady) {
  FrontFacts facts = Facts(http::kExposeAll);
  facts.not_ready = "draining";
  EXPECT_THAT(FrontText(facts), HasSubstr("not ready, draining."));
  EXPECT_THAT(FrontHtml(facts, kFrame), HasSubstr("<p class=\"bad\">1.2 draining</p>"));
}

}  // namespace
}  // namespace sluice
