#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

namespace sluice::cli {

namespace {

int AllWritten(int status) {
  std::cout.flush();
  const bool written = std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written || status != 0) return status;
  std::fprintf(stderr, "sluice: the output could not be written\n");
  return 1;
}

}  // namespace

Option& Option::Required() {
  option_->required();
  return *this;
}

Option& Option::ShowDefault() {
  option_->capture_default_str();
  return *this;
}

Option& Option::Range(int min, int max) {
  option_->check(CLI::Range(min, max));
  return *this;
}

Option& Option::ExistingFile() {
  option_->check(CLI::ExistingFile);
  return *this;
}

Option& Option::ExistingFolder() {
  option_->check(CLI::ExistingDirectory);
  return *this;
}

Option& Option::Hidden() {
  option_->group("");
  return *this;
}

Option Command::Add(const std::string& name, std::string& value, const std::string& help) {
  return Option(app_.add_option(name, value, help));
}

Option Command::Add(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return Option(app_.add_option(name, values, help));
}

Option Command::Add(const std::string& name, int& value, const std::string& help) {
  return Option(app_.add_option(name, value, help));
}

Option Command::Add(const std::string& name, float& value, const std::string& help) {
  return Option(app_.add_option(name, value, help));
}

Option Command::Add(const std::string& name, bool& value, const std::string& help) {
  return Option(app_.add_flag(name, value, help));
}

void Command::Footer(const std::string& text) { app_.footer(text); }

void Command::Run(std::function<int()> run, std::function<std::string()> check) {
  app_.callback([run = std::move(run), check = std::move(check), &chosen = run_] {
    const std::string wrong = check ? check() : std::string();
    if (!wrong.empty()) throw CLI::ValidationError(wrong);
    chosen = [run] { return AllWritten(run()); };
  });
}

void Command::Serve(std::function<int()> run) {
  app_.callback([run = std::move(run), &chosen = run_] { chosen = run; });
}

CommandLine::CommandLine(const std::string& about, std::function<std::string()> version)
    : app_(std::make_unique<CLI::App>(about)) {
  app_->require_subcommand(1);
  app_->set_version_flag("--version", std::move(version));
}

CommandLine::~CommandLine() = default;

Command CommandLine::Add(const std::string& name, const std::string& about) {
  return {*app_->add_subcommand(name, about), run_};
}

int CommandLine::Run(int argc, char** argv) {
  CLI11_PARSE(*app_, argc, argv);
  return run_();
}

}  // namespace sluice::cli
