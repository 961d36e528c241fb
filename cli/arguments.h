// What several commands ask of their arguments, and how they hear that they are to stop.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tessera {

inline CLI::Validator AtLeast(int64_t least) {
  const auto check = [least](std::string& text) {
    int64_t number = 0;
    return absl::SimpleAtoi(text, &number) && number >= least
               ? std::string()
               : absl::StrCat("must be a whole number of at least ", least, ", not ", text);
  };
  return CLI::Validator(check, "");
}

// Returns "1 document", "2 documents" and so on.
inline std::string Counted(int64_t count, const std::string& what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

inline std::atomic<bool> stop_requested = false;  // the one thing that a signal handler may touch

// Makes the error for numbers that were measured and miss what was expected. Its exit code is 1.
inline constexpr char kMissed[] = "tessera/missed";
inline absl::Status Missed(const std::string& sentence) {
  absl::Status status = absl::FailedPreconditionError(sentence);
  status.SetPayload(kMissed, absl::Cord());
  return status;
}

// From now on SIGINT and SIGTERM ask the command to end with what it has.
inline const std::atomic<bool>* StopOnSignal() {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { stop_requested = true; });
  }
  return &stop_requested;
}

}  // namespace tessera
