// A command line with sub-commands, in the few words that ours need. CLI11, whose headers take seconds to compile,
// stays in command_line.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sluice::cli {

// An option of a sub-command, to be said more of; a view.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option& Required();
  Option& ShowDefault();  // the value that the variable has now, in the help
  Option& Range(int min, int max);
  Option& ExistingFile();
  Option& ExistingFolder();
  Option& Hidden();  // not in the help

 private:
  CLI::Option* option_;
};

// One sub-command; a view. Variables that options set live as long as the command line.
class Command {
 public:
  Command(CLI::App& app, std::function<int()>& run) : app_(app), run_(run) {}

  // "--name", or "NAME" for what has no dashes. A vector takes several; a bool is a flag without a value.
  Option Add(const std::string& name, std::string& value, const std::string& help);
  Option Add(const std::string& name, std::vector<std::string>& values, const std::string& help);
  Option Add(const std::string& name, int& value, const std::string& help);
  Option Add(const std::string& name, float& value, const std::string& help);
  Option Add(const std::string& name, bool& value, const std::string& help);
  void Footer(const std::string& text);
  // What to do when this command is chosen; its result is the exit code of the process. `check` runs before: its text,
  // when not empty, says what is wrong with the options.
  void Run(std::function<int()> run, std::function<std::string()> check = nullptr);
  // The same for the server, whose exit code says how it ended, not what became of its lines.
  void Serve(std::function<int()> run);

 private:
  CLI::App& app_;
  std::function<int()>& run_;
};

class CommandLine {
 public:
  // `version` is called for --version.
  CommandLine(const std::string& about, std::function<std::string()> version);
  ~CommandLine();

  Command Add(const std::string& name, const std::string& about);
  // Parses, runs the chosen command, and gives the exit code: 1 also when something that it printed was not written (a
  // full disk), unless it is the server. Asks for help and version are answered.
  int Run(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
  std::function<int()> run_;
};

}  // namespace sluice::cli
