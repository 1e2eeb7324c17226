#include "transport/oip/route.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::oip {
namespace {

TEST(RouteTest, EveryPathOfTheListLeadsToItsOperation) {
  std::set<Operation> listed;
  for (const PathOfOperation& one : Paths()) {
    const std::string path =
        absl::StrReplaceAll(ToAbsl(one.path), {{"{model_name}", "my%20net"}, {"{model_version}", "7"}});
    Route route;
    std::string allow;
    const absl::Status found = MatchRoute(VerbOf(one.operation), path, route, allow);
    ASSERT_TRUE(found.ok()) << path << ": " << found;
    EXPECT_EQ(route.operation, one.operation) << path;
    EXPECT_EQ(route.model, one.path.find("{model_name}") == std::string_view::npos ? "" : "my net") << path;
    EXPECT_EQ(route.version, one.path.find("{model_version}") == std::string_view::npos ? "" : "7") << path;
    listed.insert(one.operation);
  }
  EXPECT_EQ(listed.size(), kOperations) << "an operation without a path in the documents";
}

TEST(RouteTest, AnotherVerbIsToldTheRightOne) {
  Route route;
  std::string allow;
  EXPECT_EQ(ReasonOf(MatchRoute("GET", "/v2/models/a/infer", route, allow)), Reason::VERB_NOT_ALLOWED);
  EXPECT_EQ(allow, "POST");
}

}  // namespace
}  // namespace sluice::oip
