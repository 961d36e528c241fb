#include "analysis/ablation/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "distributed/rank_environment.h"

namespace tessera {
namespace {

constexpr int kTickMilliseconds = 300;
constexpr double kKilobytesAMegabyte = 1024;
constexpr int kNotStarted = 127;

struct Program {
  const char* path;
  char* const* arguments;
  char* const* environment;
};

// Between fork and exec: nothing that could wait for a lock of another thread.
[[noreturn]] void Become(const Program& program, int out, int err, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);  // a stop reaches it from its parent alone, since a second one ends it at once
  if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
    execve(program.path, program.arguments, program.environment);
  }
  _exit(kNotStarted);
}

// What it writes to the pipe until it ends.
std::string Watch(const ChildRequest& request, pid_t child, int pipe) {
  std::string text;
  bool asked = false;
  while (true) {
    pollfd waited{pipe, POLLIN, 0};
    if (poll(&waited, 1, kTickMilliseconds) > 0) {
      std::array<char, 4096> bytes;
      const ssize_t count = read(pipe, bytes.data(), bytes.size());
      if (count == 0 || (count < 0 && errno != EINTR)) {
        return text;
      }
      text.append(bytes.data(), static_cast<size_t>(std::max<ssize_t>(count, 0)));
    }
    if (request.stop != nullptr && request.stop->load() && !asked) {
      kill(-child, SIGTERM);  // and what it has started
      asked = true;
    }
    if (request.on_tick) {
      request.on_tick();
    }
  }
}

std::string Problem(int status, std::string complaint) {
  if (WIFSIGNALED(status)) {
    return absl::StrCat("ended by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)),
                        ")");
  }
  if (WEXITSTATUS(status) == 0) {
    return "";
  }
  absl::StripTrailingAsciiWhitespace(&complaint);
  complaint.erase(0, complaint.rfind('\n') + 1);
  const std::string sentence(absl::StripPrefix(complaint, "tessera: "));
  return sentence.empty() ? absl::StrCat("ended with exit code ", WEXITSTATUS(status)) : sentence;
}

}  // namespace

absl::StatusOr<ChildEnd> RunChild(const ChildRequest& request) {
  std::string name = "tessera";
  std::vector<std::string> words = request.arguments;
  std::vector<char*> arguments = {name.data()};
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const int out = open(request.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write '", request.out, "'"));
  }
  const std::vector<char*> alone = WithoutLauncher(environ);
  std::array<int, 2> ends;
  const pid_t parent = getpid();
  const pid_t child = pipe2(ends.data(), O_CLOEXEC) == 0 ? fork() : -1;
  if (child == 0) {
    Become({request.program.c_str(), arguments.data(), alone.data()}, out, ends[1], parent);
  }
  const int error = errno;
  if (child > 0) {
    setpgid(child, child);  // whoever comes first
  }
  close(out);
  if (child < 0) {
    return absl::ErrnoToStatus(error, "cannot start another process");
  }
  close(ends[1]);
  const std::string complaint = Watch(request, child, ends[0]);
  close(ends[0]);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  return ChildEnd{Problem(status, complaint),
                  static_cast<double>(usage.ru_maxrss) / kKilobytesAMegabyte};
}

}  // namespace tessera
