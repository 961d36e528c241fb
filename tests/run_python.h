// A script beside the program: see tests/python.h.
#pragma once

#include <sys/wait.h>

#include "tests/cli/process.h"
#include "tests/python.h"

namespace tessera {

// Runs a script in the folder.
inline Outcome RunPython(const std::string& python, const TempFolder& folder,
                         const std::string& script) {
  folder.Write("script.py", script);
  const std::string command =
      "cd '" + folder.path() + "' && " + PythonCommand(python, "script.py") + " >out.txt 2>err.txt";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), Contents(folder / "out.txt"), Contents(folder / "err.txt")};
}

}  // namespace tessera
