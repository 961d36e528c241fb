#include "files/free_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tessera {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kKibi = 1024;

// Empty if the machine has no such file.
std::string TextOf(const Files& files, const std::string& path) {
  const bool there = files.Kind(path).value_or(PathKind::kNone) == PathKind::kFile;
  return there ? files.Read(path).value_or("") : "";
}

// The number behind a word at the begin of a line, "MemAvailable:   123 kB"; without a word, the
// one with which the text begins.
std::optional<double> NumberBehind(const Files& files, const std::string& path,
                                   std::string_view word) {
  const std::string text = TextOf(files, path);
  for (const auto line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    const size_t at = word.empty() ? 0 : 1;
    double value = 0;
    if (parts.size() > at && (word.empty() || parts.front() == std::string(word)) &&
        absl::SimpleAtod(parts[at], &value)) {
      return value;
    }
  }
  return std::nullopt;
}

// Files of one version of cgroups.
struct Group {
  const char* folder;
  const char* limit;
  const char* usage;
  const char* reclaimable;  // a line of memory.stat: pages of files, which the kernel gives back
};
constexpr Group kGroups[] = {{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
                             {"sys/fs/cgroup/memory", "memory.limit_in_bytes",
                              "memory.usage_in_bytes", "total_inactive_file"}};

// The path of the process's group, of either version: "4:memory:/a/b" or "0::/a/b".
std::vector<std::string> GroupPaths(const Files& files, const std::string& root) {
  std::vector<std::string> paths = {""};  // a container may see its own group as the root
  const std::string text = TextOf(files, JoinPath(root, "proc/self/cgroup"));
  for (const auto line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() == 3 && (parts[1].empty() || parts[1] == "memory") && parts[2] != "/") {
      paths.push_back(parts[2].substr(1));
    }
  }
  return paths;
}

double RoomOfGroups(const Files& files, const std::string& root) {
  double room = kInfinity;
  for (const std::string& path : GroupPaths(files, root)) {
    for (const Group& group : kGroups) {
      const std::string folder = JoinPath(JoinPath(root, group.folder), path);
      const auto limit = NumberBehind(files, JoinPath(folder, group.limit), "");
      const auto usage = NumberBehind(files, JoinPath(folder, group.usage), "");
      if (limit && usage) {
        const auto reclaimable =
            NumberBehind(files, JoinPath(folder, "memory.stat"), group.reclaimable);
        room = std::min(room, *limit - *usage + reclaimable.value_or(0));
      }
    }
  }
  return room;
}

}  // namespace

FreeMemory MeasureFreeMemory(const Files& files, const std::string& root) {
  const std::string status = JoinPath(root, "proc/self/status");
  const auto kilobytes = [&](const std::string& path, const char* word) {
    const auto value = NumberBehind(files, path, word);
    return value ? std::optional<double>(*value * kKibi) : std::nullopt;
  };
  FreeMemory memory{
      .resident = kilobytes(status, "VmRSS:").value_or(0), .room = kInfinity, .bound = "no limit"};
  const auto bound_by = [&](double room, const char* name) {
    if (room < memory.room) {
      memory.room = std::max(room, 0.);
      memory.bound = name;
    }
  };
  bound_by(kilobytes(JoinPath(root, "proc/meminfo"), "MemAvailable:").value_or(kInfinity),
           "MemAvailable");
  bound_by(RoomOfGroups(files, root), "cgroup");
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bound_by(static_cast<double>(limit.rlim_cur) - kilobytes(status, "VmSize:").value_or(0),
             "ulimit -v");
  }
  return memory;
}

}  // namespace tessera
