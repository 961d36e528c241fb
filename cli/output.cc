#include "cli/output.h"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "absl/strings/str_format.h"

namespace tessera {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::minutes kBetweenLines{1};  // of a log

bool line_is_open = false;  // a terminal shows a line of progress without its end

// The piece of work that ShowShare shows.
struct Work {
  std::string what;
  double share = 1;
  Clock::time_point began = Clock::now(), shown = began, logged = began;
};
Work work;

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
  const Clock::time_point now = Clock::now();
  if (what != work.what || share < work.share) {
    work = {.what = what, .began = work.shown, .logged = work.shown};
  }
  work.share = share;
  work.shown = now;
  const std::chrono::duration<double, std::ratio<60>> past = now - work.began;
  const double left = share > 0 ? past.count() * (1 - share) / share : 0;
  const std::string line =
      share < 1 ? absl::StrFormat("%s %3.0f%%, about %.1f min left", what, 100 * share, left)
                : absl::StrFormat("%s 100%%, %.1f min", what, past.count());
  if (ShowsProgress()) {
    ShowLine(line + (share < 1 ? "" : "\n"));
  } else if (!quiet && now - work.logged >= kBetweenLines) {
    work.logged = now;
    std::cerr << line << std::endl;
  }
}

}  // namespace tessera
