#include "transport/rest/router.h"

#include <gtest/gtest.h>

#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::rest {
namespace {

const google::protobuf::ServiceDescriptor& Service(const std::string& name) {
  // Naming a message links the file in.
  ai::inference::testing::GetShelfRequest::descriptor();
  ai::inference::ClassifyRequest::descriptor();
  return *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
}

Router Library() {
  Router router;
  const auto& service = Service("ai.inference.testing.Library");
  for (int i = 0; i < service.method_count(); ++i) EXPECT_TRUE(router.Add(service.method(i), i).ok());
  return router;
}

// "GetShelf shelf=a" or "404", "405 GET, POST".
std::string Match(const Router& router, std::string_view verb, std::string_view path) {
  RouteMatch match;
  const absl::Status status = router.Match(verb, path, match);
  if (!status.ok()) {
    const int code = InfoOf(ReasonOf(status)).http_status;
    return match.allow.empty() ? StrCat(code) : StrCat(code, " ", match.allow);
  }
  std::string out = match.binding->method->name();
  for (const PathVariable& v : match.variables) out += StrCat(" ", v.field->back()->name(), "=", v.value);
  return out;
}

TEST(RouterTest, PathsAndVerbs) {
  const Router router = Library();
  const struct {
    std::string_view verb, path, answer;
  } cases[] = {
      {"GET", "/v1/shelves", "ListShelves"},
      {"POST", "/v1/shelves", "CreateShelf"},
      {"HEAD", "/v1/shelves", "HeadShelf"},
      {"PUT", "/v1/shelves", "405 GET, HEAD, POST"},
      {"get", "/v1/shelves", "405 GET, HEAD, POST"},
      {"GET", "/v1/shelves/a", "GetShelf shelf=a"},
      {"GET", "/v1/shelves/top", "GetTop"},
      {"GET", "/v1/shelves/to%70", "GetTop"},
      {"PUT", "/v1/shelves/top", "GetShelf shelf=top"},
      {"PUT", "/v1/shelves/a%2Fb%20c", "GetShelf shelf=a/b c"},
      {"DELETE", "/v1/shelves/a", "405 GET, PUT"},
      {"GET", "/v1/shelves/1/books/2", "GetShelf name=shelves/1/books/2"},
      {"GET", "/v1/shelves/1%2F1/books/%E4%BD%93", "GetShelf name=shelves/1%2F1/books/体"},
      {"GET", "/v1/shelves/1/books", "404"},
      {"GET", "/v1/shelves/1/books/", "404"},
      {"GET", "/v1/shelves/1/books/2/3", "404"},
      {"POST", "/v1/shelves:batch", "BatchShelves"},
      {"GET", "/v1/shelves:batch", "405 POST"},
      {"GET", "/v1/shelves:other", "404"},
      {"POST", "/v1/shelves/a:archive", "ArchiveShelf shelf=a"},
      {"POST", "/v1/shelves/top:archive", "ArchiveShelf shelf=top"},
      {"GET", "/v1/shelves/a:b", "GetShelf shelf=a:b"},
      {"GET", "/v1/shelves/a:archive", "GetShelf shelf=a:archive"},
      {"POST", "/v1/shelves/a:b:archive", "ArchiveShelf shelf=a:b"},
      {"GET", "/v1/shelves/", "404"},
      {"GET", "/v1//shelves", "404"},
      {"GET", "/v1", "404"},
      {"GET", "/", "404"},
      {"GET", "", "404"},
      {"GET", "v1/shelves", "404"},
      {"GET", "/files", "GetFile name="},
      {"GET", "/files/a", "GetFile name=a"},
      {"GET", "/files/a/b%2Fc/%20", "GetFile name=a/b%2Fc/ "},
      {"GET", "/files/a:b", "GetFile name=a:b"},
      {"DELETE", "/files/a/b:purge", "GetFile name=a/b"},
      {"DELETE", "/files/a", "405 GET"},
      {"GET", "/filesystem", "404"},
      {"LINK", "/any/x/y", "AnyVerb string_value=y"},
      {"GET", "/any/x", "404"},
      {"GET", "/v1/shelves/%4", "400"},
      {"GET", "/v1/shelves/%zz", "400"},
  };
  for (const auto& c : cases) EXPECT_EQ(Match(router, c.verb, c.path), c.answer) << c.verb << " " << c.path;
}

TEST(RouterTest, TheArticlesBatchPath) {
  Router router;
  ASSERT_TRUE(router.Add(Service("ai.inference.TextClassification").method(0), 7).ok());
  RouteMatch match;
  ASSERT_TRUE(router.Match("POST", "/api/v1/classify:batch", match).ok());
  EXPECT_EQ(match.method_index, 7);
  EXPECT_EQ(match.binding->body_field->name(), "items");
  ASSERT_TRUE(router.Match("POST", "/api/v1/classify", match).ok());
  EXPECT_EQ(match.binding->body, json::Binding::Body::kAll);
  EXPECT_EQ(Match(router, "GET", "/api/v1/classify"), "405 POST");
}

TEST(RouterTest, MistakesInTheProtoAreNamed) {
  const auto& service = Service("ai.inference.testing.Mistakes");
  for (int i = 0; i < service.method_count(); ++i) {
    Router router;
    EXPECT_FALSE(router.Add(service.method(i), i).ok()) << service.method(i)->name();
  }
  Router router = Library();
  EXPECT_FALSE(router.Add(Service("ai.inference.testing.Library").method(0), 99).ok());
}

TEST(RouterTest, TemplatesThatAreNone) {
  for (const char* text : {"", "v1", "/", "/v1/", "//", "/{", "/{}", "/{a", "/{a=}", "/{a=b/}", "/{a={b}}",
                           "/a:", "/a}b", "/***", "/**/a", "/{a=**}/b", "/a*", "/%4"}) {
    EXPECT_FALSE(json::ParsePathTemplate(text).ok()) << text;
  }
  const auto t = json::ParsePathTemplate("/v1/{a.b=x/*/**}:go");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->verb, "go");
  EXPECT_EQ(t->segments.size(), 4u);
  EXPECT_TRUE(t->variables[0].multi);
}

TEST(RouterTest, LongPathsAreCheap) {
  const Router router = Library();
  std::string path;
  for (int i = 0; i < 100'000; ++i) path += "/a";
  EXPECT_EQ(Match(router, "GET", path), "404");
  EXPECT_EQ(Match(router, "GET", StrCat("/files", path)), StrCat("GetFile name=", path.substr(1)));
}

}  // namespace
}  // namespace sluice::rest
