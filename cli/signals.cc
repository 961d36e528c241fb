#include "cli/signals.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "cli/exit_codes.h"
#include "cli/output.h"

namespace tessera {
namespace {

// `timeout` signals its child and then the child's group: two signals that mean one stop.
constexpr int64_t kOneStopMilliseconds = 200;

std::atomic<bool> listening = false;
std::atomic<int64_t> first_stop = 0;  // milliseconds of a clock; 0: none yet

// A signal may come in the middle of anything, so that only system calls are allowed here.
void Say(std::string_view line) {
  if (!quiet) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  }
}

void Stop(int) {
  const int error = errno;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t milliseconds = int64_t{1000} * now.tv_sec + now.tv_nsec / 1'000'000;
  int64_t first = 0;
  if (listening && first_stop.compare_exchange_strong(first, milliseconds)) {
    stop_requested = true;
    Say("\ntessera: stopping; one more signal stops at once\n");
  } else if (milliseconds - first >= kOneStopMilliseconds) {
    Say("\ntessera: stopped at once\n");
    _exit(kStopped);
  }
  errno = error;
}

// Unlike SIG_IGN, a function is not inherited by the programs that a command starts.
void DoNothing(int) {}

struct Row {
  int signal;
  void (*action)(int);
};
constexpr Row kSignals[] = {{SIGINT, Stop},  {SIGTERM, Stop},      {SIGHUP, Stop},
                            {SIGXCPU, Stop}, {SIGPIPE, DoNothing}, {SIGXFSZ, DoNothing}};

}  // namespace

void SetSignals() {
  for (const Row& row : kSignals) {
    struct sigaction action {};
    if (sigaction(row.signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      action.sa_handler = row.action;
      action.sa_flags = SA_RESTART;
      sigaction(row.signal, &action, nullptr);
    }
  }
}

const std::atomic<bool>* ListenForStop() {
  listening = true;
  return &stop_requested;
}

}  // namespace tessera
