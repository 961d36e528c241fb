// Each command has one function, which declares the arguments and returns what runs if the command
// is chosen.
#pragma once

#include <functional>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace tessera {

using Command = std::function<absl::Status()>;

Command AddTrain(CLI::App& app);
Command AddGenerate(CLI::App& app);
Command AddEval(CLI::App& app);
Command AddAblate(CLI::App& app);
Command AddCheck(CLI::App& app);
Command AddAmed(CLI::App& app);
Command AddJudge(CLI::App& app);
Command AddData(CLI::App& app);
Command AddTokenizer(CLI::App& app);
Command AddInspect(CLI::App& app);
Command AddMerge(CLI::App& app);
Command AddImport(CLI::App& app);
Command AddExport(CLI::App& app);
Command AddReport(CLI::App& app);
Command AddCompare(CLI::App& app);
Command AddProbe(CLI::App& app);
Command AddSampleLab(CLI::App& app);
Command AddCompletion(CLI::App& app);

}  // namespace tessera
