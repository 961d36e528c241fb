#include "cli/output.h"

#include <unistd.h>

#include <iostream>

#include "absl/strings/str_format.h"

namespace tessera {

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

void ShowShare(const std::string& what, double share) {
  ShowLine(absl::StrFormat("%s %3.0f%%%s", what, 100 * share, share < 1 ? "" : "\n"));
}

}  // namespace tessera
