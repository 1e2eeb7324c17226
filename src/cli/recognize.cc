// sluice recognize: finds faces in image files, by a running server or in this process.
#include <cstdio>
#include <fstream>

#include "base/config/config.h"
#include "base/config/installation.h"
#include "base/error.h"
#include "base/strings.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/draw.h"
#include "cli/http_client.h"
#include "cli/picture_file.h"
#include "door/lists.h"
#include "json/reader.h"
#include "json/writer.h"
#include "pipeline/face_detection/detector.h"
#include "pipeline/face_detection/response.h"

namespace sluice::cli {
namespace {

using ai::inference::RecognizeResponse;

struct Flags {
  std::vector<std::string> files;
  std::string server = "http://127.0.0.1:8000";
  std::string model = "face_detection_v1";
  std::string models = DefaultModels();
  std::string out;
  float min_confidence = 0.5f;
  bool json = false;
  bool local = false;
};

// Where the answers come from.
class Recognizer {
 public:
  virtual ~Recognizer() = default;
  virtual absl::StatusOr<RecognizeResponse> Recognize(const std::string& file) = 0;
};

class RemoteRecognizer final : public Recognizer {
 public:
  explicit RemoteRecognizer(const Flags& flags) : flags_(flags) {}
  absl::StatusOr<RecognizeResponse> Recognize(const std::string& file) override {
    const std::string target =
        StrCat("/api/v1/recognize?model_id=", flags_.model, "&min_confidence=", flags_.min_confidence);
    ASSIGN_OR_RETURN(const HttpAnswer answer, HttpPost(flags_.server, target, std::string(MediaType(file)), file));
    if (answer.status != 200)
      return Error(Reason::INVALID_REQUEST, StrCat("the server answered ", answer.status, ": ", answer.body));
    RecognizeResponse response;
    RETURN_IF_ERROR(json::JsonToMessage(answer.body, response, {.ignore_unknown_fields = true}));
    return response;
  }

 private:
  const Flags& flags_;
};

// The detector on this thread, without server, queue or network.
class LocalRecognizer final : public Recognizer {
 public:
  static absl::StatusOr<std::unique_ptr<Recognizer>> Create(const Flags& flags) {
    auto local = std::make_unique<LocalRecognizer>(flags);
    local->engines_ = MakeEngines();
    Repository repository({.roots = {flags.models}}, Pointers(local->engines_));
    // The others cost a second; but all of them tell whose alias it is, and which there are.
    if (!repository.LoadModel(flags.model).ok()) RETURN_IF_ERROR(repository.Load());
    ASSIGN_OR_RETURN(local->version_, repository.Resolve(flags.model));
    ASSIGN_OR_RETURN(local->model_, MakeFaceModel(*local->version_, ImageLimits{}));
    RETURN_IF_ERROR(local->detector_.Prepare(*local->model_));
    return local;
  }
  explicit LocalRecognizer(const Flags& flags) : flags_(flags) {}

  absl::StatusOr<RecognizeResponse> Recognize(const std::string& file) override {
    JobTimes times;
    ASSIGN_OR_RETURN(const auto* faces, detector_.Detect(*model_, version_->SessionFor(0), file, flags_.min_confidence,
                                                         SystemClock(), times));
    RecognizeResponse response = ToResponse(*faces);
    response.set_latency(
        static_cast<float>(ToMs(times.decode.took + times.pre.took + times.infer.took + times.post.took)));
    return response;
  }

 private:
  const Flags& flags_;
  std::vector<std::unique_ptr<Engine>> engines_;
  ModelHandle version_;
  std::optional<FaceModel> model_;
  FaceDetector detector_;
};

void Print(const std::string& path, const RecognizeResponse& response, bool json) {
  if (json) {
    std::string text;
    json::MessageToJson(response, text);
    std::printf("%s\n", text.c_str());
    return;
  }
  std::printf("%s: %d face(s), %.1f ms\n", path.c_str(), response.faces_size(), response.latency());
  if (response.faces_size() > 0) std::printf("%8s%8s%8s%8s  %s\n", "x", "y", "width", "height", "confidence");
  for (const auto& face : response.faces()) {
    std::printf("%8d%8d%8d%8d  %.3f\n", face.x(), face.y(), face.width(), face.height(), face.confidence());
  }
}

absl::Status WriteBoxes(const std::string& out, const std::string& file, const RecognizeResponse& response) {
  std::vector<PixelBox> boxes;
  for (const auto& face : response.faces())
    boxes.push_back({face.x(), face.y(), face.width(), face.height(), face.confidence()});
  ASSIGN_OR_RETURN(const std::string png, DrawBoxes(file, boxes));
  std::ofstream stream(out, std::ios::binary);
  if (!stream.write(png.data(), static_cast<std::streamsize>(png.size()))) {
    return Error(Reason::INVALID_REQUEST, StrCat("cannot write ", out));
  }
  return absl::OkStatus();
}

absl::Status RunOne(Recognizer& recognizer, const Flags& flags, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  ASSIGN_OR_RETURN(const RecognizeResponse response, recognizer.Recognize(file));
  Print(path, response, flags.json);
  return flags.out.empty() ? absl::OkStatus() : WriteBoxes(flags.out, file, response);
}

int Recognize(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<Recognizer>> recognizer = std::make_unique<RemoteRecognizer>(flags);
  if (flags.local) recognizer = LocalRecognizer::Create(flags);
  if (!recognizer.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(recognizer.status().message()).c_str());
    return 1;
  }
  int failed = 0;
  for (const std::string& path : flags.files) {
    const absl::Status status = RunOne(**recognizer, flags, path);
    if (status.ok()) continue;
    std::fprintf(stderr, "sluice: %s: %s\n", path.c_str(), std::string(status.message()).c_str());
    failed = 1;
  }
  return failed;
}

}  // namespace

void AddRecognize(CommandLine& line) {
  auto flags = std::make_shared<Flags>();
  Command command = line.Add("recognize", "Find faces in images");
  command.Add("FILE", flags->files, "JPEG, PNG or WebP").Required();
  command.Add("--server", flags->server, "Address of a running server").ShowDefault();
  command.Add("--local", flags->local, "Compute in this process; no server needed");
  command.Add("--models", flags->models, "Models folder, for --local").ShowDefault();
  command.Add("--model", flags->model, "Model id").ShowDefault();
  command.Add("--min-confidence", flags->min_confidence, "0 to 1").ShowDefault();
  command.Add("--json", flags->json, "Print one JSON object per image");
  command.Add("--out", flags->out, "Write a PNG with the boxes drawn; needs exactly one FILE");
  command.Run([flags] { return Recognize(*flags); },
              [flags] { return !flags->out.empty() && flags->files.size() > 1 ? "--out needs exactly one FILE" : ""; });
}

}  // namespace sluice::cli
