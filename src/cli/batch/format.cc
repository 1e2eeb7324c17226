#include "cli/batch/format.h"

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "cli/picture_file.h"
#include "json/reader.h"
#include "json/text.h"
#include "json/writer.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kErrorKey = ",\"error\":";

// `message` as JSON with "line" (and `key`: the item's name) before its own members.
std::string Line(const Item& item, std::string_view key, const google::protobuf::Message& message) {
  std::string out = LinePrefix(item), json;
  if (!key.empty() && !item.name.empty()) {
    out += StrCat("\"", key, "\":");
    json::AppendQuoted(item.name, out);
    out += ",";
  }
  json::MessageToJson(message, json);
  return out.append(json, 1);  // without its '{'
}

std::string ErrorLine(const Item& item, std::string_view key, std::string_view why) {
  std::string out = LinePrefix(item);
  out.pop_back();
  out += kErrorKey;
  json::AppendQuoted(why, out);
  if (!item.name.empty()) {
    out += StrCat(",\"", key, "\":");
    json::AppendQuoted(item.name, out);
  }
  return out + "}";
}

class Texts final : public Format {
 public:
  explicit Texts(std::string model) : model_(std::move(model)) {}
  size_t items_max() const override { return 100; }

  absl::StatusOr<BatchRequest> Request(std::span<const Item> items) const override {
    ai::inference::ClassifyRequest request;
    request.set_model_id(model_);
    for (const Item& item : items) request.add_texts(item.payload);
    BatchRequest out{.target = "/api/v1/classify", .content_type = "application/json", .body = {}};
    json::MessageToJson(request, out.body);
    return out;
  }

  absl::StatusOr<std::vector<std::string>> Lines(std::span<const Item> items, const std::string& body) const override {
    ai::inference::ClassifyResponse response;
    RETURN_IF_ERROR(json::JsonToMessage(body, response, {.ignore_unknown_fields = true}));
    if (static_cast<size_t>(response.results_size()) != items.size()) {
      return Error(Reason::INVALID_BODY,
                   StrCat("the server answered ", response.results_size(), " results to ", items.size(), " texts"));
    }
    std::vector<std::string> lines;
    for (size_t i = 0; i < items.size(); ++i) {
      lines.push_back(Line(items[i], "id", response.results(static_cast<int>(i))));
    }
    return lines;
  }
  std::string Rejected(const Item& item, std::string_view why) const override { return ErrorLine(item, "id", why); }

 private:
  const std::string model_;
};

class Pictures final : public Format {
 public:
  Pictures(std::string model, float min_confidence) : model_(std::move(model)), min_confidence_(min_confidence) {}
  size_t items_max() const override { return 1; }

  absl::StatusOr<BatchRequest> Request(std::span<const Item> items) const override {
    ASSIGN_OR_RETURN(std::string file, ReadFile(items.front().payload));
    std::string type(MediaType(file));
    return BatchRequest{
        .target = StrCat("/api/v1/recognize?model_id=", model_, "&min_confidence=", min_confidence_),
        .content_type = std::move(type),
        .body = std::move(file),
    };
  }

  absl::StatusOr<std::vector<std::string>> Lines(std::span<const Item> items, const std::string& body) const override {
    ai::inference::RecognizeResponse response;
    RETURN_IF_ERROR(json::JsonToMessage(body, response, {.ignore_unknown_fields = true}));
    return std::vector<std::string>{Line(items.front(), "file", response)};
  }
  std::string Rejected(const Item& item, std::string_view why) const override { return ErrorLine(item, "file", why); }

 private:
  const std::string model_;
  const float min_confidence_;
};

}  // namespace

std::unique_ptr<Format> TextFormat(std::string model) { return std::make_unique<Texts>(std::move(model)); }

std::unique_ptr<Format> PictureFormat(std::string model, float min_confidence) {
  return std::make_unique<Pictures>(std::move(model), min_confidence);
}

std::string LinePrefix(const Item& item) { return StrCat("{\"line\":", item.line, ","); }

bool IsRejectedLine(std::string_view line) {
  const size_t comma = line.find(',');
  return comma != std::string_view::npos && line.substr(comma).starts_with(kErrorKey);
}

}  // namespace sluice::cli
