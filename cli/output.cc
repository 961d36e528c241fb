#include "cli/output.h"

#include <unistd.h>

#include <iostream>

#include "absl/strings/str_format.h"

namespace tessera {

namespace {

bool line_is_open = false;  // a terminal shows a line of progress without its end

}  // namespace

std::ostream& Notes() {
  static std::ostream nowhere(nullptr);
  return quiet ? nowhere : std::cout;
}

bool ShowsProgress() { return !quiet && isatty(STDERR_FILENO); }

void ShowLine(const std::string& line) {
  if (ShowsProgress()) {
    std::cerr << "\r\033[K" << line << std::flush;
  }
}

void ShowStep(const std::string& line, bool stays) {
  if (quiet) {
    return;
  }
  const bool terminal = ShowsProgress();
  line_is_open = terminal && !stays;
  std::cerr << (terminal ? "\r\033[K" : "") << line << (line_is_open ? "" : "\n") << std::flush;
}

void EndLine() {
  std::cerr << (line_is_open ? "\n" : "") << std::flush;
  line_is_open = false;
}

void ShowShare(const std::string& what, double share) {
  ShowLine(absl::StrFormat("%s %3.0f%%%s", what, 100 * share, share < 1 ? "" : "\n"));
}

}  // namespace tessera
