// sluice logs: reads access logs (JSON lines), filters them, and shows them to people or programs.
#include <poll.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/logs/line.h"
#include "cli/logs/select.h"

namespace sluice::cli {
namespace {

constexpr int kLookMs = 200;  // --follow

struct LogsFlags {
  std::vector<std::string> files;
  std::vector<std::string> where;
  std::string request_id, trace_id;
  int slowest = 0;
  bool follow = false, errors = false, json = false;
};

// The filters that the options stand for.
std::vector<std::string> FiltersOf(const LogsFlags& flags) {
  std::vector<std::string> filters = flags.where;
  if (!flags.request_id.empty()) filters.push_back("request_id=" + flags.request_id);
  if (!flags.trace_id.empty()) filters.push_back("trace_id=" + flags.trace_id);
  if (flags.errors) filters.push_back("status=error");
  return filters;
}

class Reader {
 public:
  Reader(const LogsFlags& flags, logs::Selection selection) : flags_(flags), selection_(std::move(selection)) {}

  int Run() {
    if (flags_.files.empty()) {
      ReadAll(std::cin);
    } else if (flags_.follow) {
      Follow(flags_.files.front());
    } else {
      for (const std::string& file : flags_.files) {
        std::ifstream in(file);
        in.peek();
        if (!in && !in.eof()) return Failed(file);  // a folder, too, which can be opened
        in.clear();
        ReadAll(in);
      }
    }
    for (const std::string& line : selection_.Slowest()) Print(line);
    if (selection_.skipped() > 0) std::fprintf(stderr, "sluice: %zu lines are no JSON\n", selection_.skipped());
    return 0;
  }

 private:
  static int Failed(const std::string& file) {
    std::fprintf(stderr, "sluice: cannot read %s\n", file.c_str());
    return 1;
  }

  void ReadAll(std::istream& in) {
    for (std::string line; std::getline(in, line);) Take(line);
  }

  // From its end on, and from the beginning of the file that takes its name when it is rotated. Until the process ends.
  void Follow(const std::string& file) {
    std::string begun;
    bool first = true;
    while (true) {
      std::ifstream in(file);
      if (first) in.seekg(0, std::ios::end);
      first = false;
      struct stat now {
      }, opened{};
      stat(file.c_str(), &opened);
      while (stat(file.c_str(), &now) == 0 && now.st_ino == opened.st_ino && now.st_size >= in.tellg()) {
        for (std::string part; std::getline(in, part);) {
          begun += part;
          if (in.eof()) break;  // the rest of the line is yet to come
          Take(std::exchange(begun, {}));
        }
        in.clear();
        std::fflush(stdout);
        poll(nullptr, 0, kLookMs);
      }
      poll(nullptr, 0, kLookMs);
    }
  }

  void Take(const std::string& line) {
    if (selection_.Take(line)) Print(line);
  }

  void Print(const std::string& line) const {
    const std::string text = flags_.json ? line : logs::Pretty(logs::ParseLine(line));
    std::printf("%s\n", text.c_str());
  }

  const LogsFlags& flags_;
  logs::Selection selection_;
};

int ShowLogs(const LogsFlags& flags) {
  auto filters = logs::ParseFilters(FiltersOf(flags));
  if (!filters.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(filters.status().message()).c_str());
    return 1;
  }
  return Reader(flags, logs::Selection(*std::move(filters), static_cast<size_t>(flags.slowest))).Run();
}

}  // namespace

void AddLogs(CommandLine& line) {
  auto flags = std::make_shared<LogsFlags>();
  Command command = line.Add("logs", "Read an access log: filter it, find the slowest calls, follow it");
  command.Add("FILE", flags->files, "Access logs; none: standard input");
  command.Add("--where", flags->where,
              "FIELD=VALUE, FIELD!=VALUE, FIELD>NUMBER or FIELD<NUMBER; may be repeated: each must hold");
  command.Add("--request-id", flags->request_id, "Only that call");
  command.Add("--trace-id", flags->trace_id, "Only the calls of that trace");
  command.Add("--errors", flags->errors, "Only calls that failed or were refused");
  command.Add("--slowest", flags->slowest, "Only so many, those with the greatest latency first").Range(0, 100000);
  command.Add("--follow", flags->follow, "Wait for more lines, across rotations; one file");
  command.Add("--json", flags->json, "The lines as they are");
  command.Footer("Example: sluice logs access.log --where model_id=face_detection_v1 --where 'latency>50'");
  command.Run([flags] { return ShowLogs(*flags); },
              [flags]() -> std::string {
                if (flags->follow && flags->files.size() != 1) return "--follow needs one file";
                if (flags->follow && flags->slowest > 0) return "--slowest needs an end, which --follow never finds";
                return "";
              });
}

}  // namespace sluice::cli
