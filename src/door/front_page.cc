#include "door/front_page.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/strings.h"
#include "transport/http/exchange.h"

namespace sluice {
namespace {

struct Link {
  const char* path;
  const char* what;
  uint32_t exposed;  // bit that a listener needs for it to work
};
constexpr Link kLinks[] = {
    {"/docs", "every API, with examples to try", http::kExposeApi},
    {"/openapi.json", "the same for programs", http::kExposeApi},
    {"/v2", "the Open Inference Protocol", http::kExposeApi},
    {"/metrics", "for Prometheus", http::kExposeMetrics},
    {"/healthz", "200 while the process is alive", http::kExposeAll},
    {"/readyz", "200 while it can serve", http::kExposeAll},
};

std::vector<Link> LinksFor(uint32_t exposed) {
  std::vector<Link> links;
  for (const Link& link : kLinks) {
    if ((link.exposed & exposed) != 0) links.push_back(link);
  }
  return links;
}

bool Serves(const ModelInfo& model) { return model.state == ModelState::kServing; }

std::string StateOf(const ModelInfo& model) {
  if (Serves(model)) return model.alias_of.empty() ? "serving" : StrCat("serving as ", model.alias_of);
  return StrCat(ToString(model.state), model.reason.empty() ? "" : ": ", model.reason);
}

std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(ToAbsl(text),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string Row(const ModelInfo& model) {
  std::string row = "        <tr>";
  for (const std::string& cell : {model.id, model.version, model.task, model.engine})
    absl::StrAppend(&row, "<td>", Escaped(cell), "</td>");
  absl::StrAppend(&row, "<td class=\"", Serves(model) ? "good" : "note", "\">", Escaped(StateOf(model)),
                  "</td></tr>\n");
  return row;
}

// What /api/v1/recognize takes as model_id.
bool SeesImages(const ModelInfo& model) {
  return Serves(model) && (model.task == "face_detection" || model.task == "image_classification");
}

std::string Choices(const std::vector<ModelInfo>& models) {
  std::string choices;
  for (const ModelInfo& model : models) {
    const bool first = model.id == "face_detection_v1";
    if (SeesImages(model))
      absl::StrAppend(&choices, "<option", first ? " selected" : "", ">", Escaped(model.id), "</option>");
  }
  return choices;
}

}  // namespace

std::string FrontText(const FrontFacts& facts) {
  std::string text =
      StrCat("Sluice ", facts.version, ", an inference API server: ",
             facts.not_ready.empty() ? std::string("ready") : "not ready, " + facts.not_ready, ".\n\nModels\n");
  for (const ModelInfo& model : facts.models) {
    absl::StrAppendFormat(&text, "  %-30s %-3s %-22s %-12s %s\n", model.id, model.version, model.task, model.engine,
                          StateOf(model));
  }
  if ((facts.exposed & http::kExposeApi) != 0) {
    absl::StrAppend(&text, "\nTry it\n  curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' ",
                    ToAbsl(facts.origin), "/api/v1/recognize\n");
  }
  text += "\nLinks\n";
  for (const Link& link : LinksFor(facts.exposed))
    absl::StrAppendFormat(&text, "  %-40s %s\n", StrCat(facts.origin, link.path), link.what);
  return text;
}

std::string FrontHtml(const FrontFacts& facts, std::string_view frame) {
  std::string rows, links;
  for (const ModelInfo& model : facts.models) rows += Row(model);
  for (const Link& link : LinksFor(facts.exposed))
    absl::StrAppend(&links, "      <li><a href=\"", link.path, "\">", link.path, "</a>: ", link.what, "</li>\n");
  const std::string choices = Choices(facts.models);
  const bool can_try = (facts.exposed & http::kExposeApi) != 0 && !choices.empty();
  return absl::StrReplaceAll(ToAbsl(frame),
                             {{"{{version}}", Escaped(facts.version)},
                              {"{{ready}}", facts.not_ready.empty() ? "good" : "bad"},
                              {"{{state}}", facts.not_ready.empty() ? "Ready." : Escaped(facts.not_ready)},
                              {"{{try}}", can_try ? "" : "hidden"},
                              {"{{choices}}", choices},
                              {"{{models}}", rows},
                              {"{{links}}", links}});
}

}  // namespace sluice
