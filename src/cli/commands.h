// The sub-commands of `sluice`. Each adds itself to the command line and runs when it was chosen.
#pragma once

namespace sluice::cli {

class CommandLine;

void AddServe(CommandLine& line);
void AddRecognize(CommandLine& line);
void AddClassify(CommandLine& line);
void AddBatch(CommandLine& line);
void AddBench(CommandLine& line);
void AddModels(CommandLine& line);
void AddLogs(CommandLine& line);
void AddDoctor(CommandLine& line);
void AddHealthcheck(CommandLine& line);
void AddTryModel(CommandLine& line);
void AddOpenApi(CommandLine& line);

}  // namespace sluice::cli
