// `tessera` as a process that a test signals while it works.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "tests/files/temp_folder.h"

namespace tessera {

class Child {
 public:
  // In the folder; its standard output and error are one stream. ignored: a signal that it is to
  // ignore, or 0.
  Child(const TempFolder& folder, std::vector<std::string> words, int ignored = 0) {
    int ends[2];
    [[maybe_unused]] const int made = pipe2(ends, O_CLOEXEC);
    words.insert(words.begin(), "tessera");
    std::vector<char*> arguments;
    for (std::string& word : words) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      if (ignored != 0) {
        std::signal(ignored, SIG_IGN);
      }
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      const bool there = chdir(folder.path().c_str()) == 0;
      if (there) {
        execv(TESSERA_BINARY, arguments.data());
      }
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  ~Child() {
    close(output_);
    if (!waited_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Signal(int signal) const { kill(pid_, signal); }

  // Reads what it prints until the words are there or it ends. The time limit is far above what a
  // busy machine needs.
  bool Prints(const std::string& words) {
    while (text_.find(words) == text_.npos && ReadSome(/*milliseconds=*/60'000)) {
    }
    return text_.find(words) != text_.npos;
  }

  // Reads to its end. Returns whether that came within so many seconds.
  bool EndsWithin(double seconds) {
    const auto begin = std::chrono::steady_clock::now();
    while (ReadSome(static_cast<int>(1000 * seconds))) {
    }
    return std::chrono::steady_clock::now() - begin < std::chrono::duration<double>(seconds);
  }

  // As a shell says it: 128 and the signal that ended it.
  int ExitCode() {
    int status = 0;
    waitpid(pid_, &status, 0);
    waited_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const std::string& text() const { return text_; }

 private:
  bool ReadSome(int milliseconds) {
    pollfd waited{output_, POLLIN, 0};
    char bytes[4096];
    const ssize_t got =
        poll(&waited, 1, milliseconds) > 0 ? read(output_, bytes, sizeof(bytes)) : 0;
    text_.append(bytes, static_cast<size_t>(got > 0 ? got : 0));
    return got > 0;
  }

  pid_t pid_ = 0;
  int output_ = -1;
  bool waited_ = false;
  std::string text_;
};

}  // namespace tessera
