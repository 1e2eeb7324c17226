// sluice batch: a file of texts or a folder of images through a running server; can be killed and run again.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/ids.h"
#include "base/strings.h"
#include "cli/batch/runner.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/http_client.h"

namespace sluice::cli {
namespace {

constexpr int kSomeRejected = 1, kFailed = 2;
constexpr uint64_t kShownMax = 10;  // rejected lines in the report; all of them are in the results

struct Flags {
  std::string in, out;
  std::string server = "http://127.0.0.1:8000";
  std::string model;
  float min_confidence = 0.5f;
  int concurrency = 4;
  bool quiet = false;
};

// Reads the lines of an earlier run along with their items; counts what is done and leaves the source after it.
struct Done {
  Source& source;
  Progress& progress;
  Item next{};
  bool have = false;

  bool operator()(std::string_view line) {
    have = have || source.Next(next);
    if (!have || !line.starts_with(LinePrefix(next))) return false;
    have = false;
    ++progress.done;
    progress.rejected += IsRejectedLine(line) ? 1 : 0;
    return true;
  }
};

absl::StatusOr<std::unique_ptr<Source>> Open(const Flags& flags, bool pictures) {
  return pictures ? OpenPictures(flags.in) : OpenTexts(flags.in);
}

// At most kShownMax of the results' rejected lines, as they are.
void ShowRejected(const std::string& path) {
  std::ifstream in(path);
  uint64_t shown = 0;
  for (std::string line; shown < kShownMax && std::getline(in, line);) {
    if (!IsRejectedLine(line)) continue;
    std::fprintf(stderr, "  %s\n", line.c_str());
    ++shown;
  }
}

absl::StatusOr<Progress> RunBatch(const Flags& flags) {
  const bool pictures = std::filesystem::is_directory(flags.in);
  const std::string model = !flags.model.empty() ? flags.model
                            : pictures           ? "face_detection_v1"
                                                 : "news_classification_v1";
  const auto format = pictures ? PictureFormat(model, flags.min_confidence) : TextFormat(model);
  Random random = Random::FromDevice();
  ASSIGN_OR_RETURN(auto source, Open(flags, pictures));
  Progress progress{.total = source->total()};
  const std::string identity = StrCat(source->identity(), "model ", model, "\n",
                                      pictures ? StrCat("min_confidence ", flags.min_confidence, "\n") : std::string());
  Done done{*source, progress};
  const std::string run_id = NewUuidV7(SystemClock().WallNow(), random);
  ASSIGN_OR_RETURN(auto results, Results::Open(flags.out, identity, run_id, std::ref(done)));
  if (done.have) {  // read in vain: begin again and stop one item earlier
    ASSIGN_OR_RETURN(source, Open(flags, pictures));
    for (uint64_t i = 0; i < progress.done; ++i) source->Next(done.next);
  }
  progress.resumed = progress.done;
  if (progress.resumed > 0) {
    std::fprintf(stderr, "%s: continuing after %llu of %llu\n", flags.out.c_str(),
                 static_cast<unsigned long long>(progress.done), static_cast<unsigned long long>(progress.total));
  }
  const auto call = [&flags](const Chunk::Send& send) {
    return HttpPost(flags.server, send.request.target, send.request.content_type, send.request.body, absl::Seconds(60),
                    {{"X-Request-ID", send.request_id}});
  };
  const bool terminal = !flags.quiet && isatty(STDERR_FILENO) == 1;
  const auto report = [terminal](const Progress& now) {
    if (terminal) std::fprintf(stderr, "\r%s\x1b[K", ProgressLine(now).c_str());
  };
  Runner runner(*source, *format, *results, call, report, SystemClock(), random, progress);
  const absl::Status status = runner.Run(flags.concurrency);
  if (terminal) std::fprintf(stderr, "\n");
  if (!status.ok()) return status;
  RETURN_IF_ERROR(results->Complete());
  return runner.progress();
}

int Batch(const Flags& flags) {
  const auto ended = RunBatch(flags);
  if (!ended.ok()) {
    std::fprintf(stderr, "sluice: %s\nNothing is lost: run the same command again to continue.\n",
                 std::string(ended.status().message()).c_str());
    return kFailed;
  }
  if (!flags.quiet) {
    std::fprintf(stderr, "%s: %llu done, %llu rejected\n", flags.out.c_str(),
                 static_cast<unsigned long long>(ended->done - ended->rejected),
                 static_cast<unsigned long long>(ended->rejected));
  }
  if (ended->rejected == 0) return 0;
  ShowRejected(flags.out);
  if (ended->rejected > kShownMax)
    std::fprintf(stderr, "  and more: the lines with \"error\" in %s\n", flags.out.c_str());
  return kSomeRejected;
}

}  // namespace

void AddBatch(CommandLine& line) {
  auto flags = std::make_shared<Flags>();
  Command command = line.Add("batch",
                             "Send a file of texts (JSON lines) or a folder of images through a server; run it again "
                             "to continue after an interruption");
  command.Add("--in", flags->in, "JSON lines {\"text\": …, \"id\": …} or \"…\"; or a folder of images").Required();
  command.Add("--out", flags->out, "JSON lines, one per input line, in order").Required();
  command.Add("--server", flags->server, "Address of a running server").ShowDefault();
  command.Add("--model", flags->model, "Model id; by default news_classification_v1 or face_detection_v1");
  command.Add("--min-confidence", flags->min_confidence, "Minimum confidence of faces, 0 to 1").ShowDefault();
  command.Add("--concurrency", flags->concurrency, "Calls in flight").Range(1, 64).ShowDefault();
  command.Add("--quiet", flags->quiet, "Print only errors and rejected lines");
  command.Footer("Exit code: 0: done; 1: done, but some lines were rejected; 2: not finished, run it again.");
  command.Run([flags] { return Batch(*flags); });
}

}  // namespace sluice::cli
