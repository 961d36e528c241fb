// Work in a process of its own: its memory, its threads and its crashes are its own too.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct ChildRequest {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments = {};
  std::string out = {};                     // the file that its standard output becomes
  const std::atomic<bool>* stop = nullptr;  // set: the child gets one SIGTERM
  std::function<void()> on_tick = {};       // a few times a second
};

struct ChildEnd {
  std::string problem;  // empty: it ended well; else its last line of complaint, or its signal
  double peak_megabytes = 0;  // of resident memory
};

// Runs it to its end. A child does not outlive its parent.
absl::StatusOr<ChildEnd> RunChild(const ChildRequest& request);

}  // namespace tessera
