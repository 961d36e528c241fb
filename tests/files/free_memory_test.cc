#include "files/free_memory.h"

#include <gtest/gtest.h>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

constexpr double kMebi = 1024. * 1024;

// A machine with 100 MiB available, whose process holds 10 MiB.
void WriteMachine(const TempFolder& root) {
  root.Write("proc/meminfo", "MemTotal:  204800 kB\nMemAvailable:   102400 kB\n");
  root.Write("proc/self/status", "Name:\ttessera\nVmSize:\t 20480 kB\nVmRSS:\t 10240 kB\n");
}

TEST(FreeMemory, IsWhatTheMachineHasAvailable) {
  const TempFolder root;
  WriteMachine(root);
  const FreeMemory memory = MeasureFreeMemory(Files(), root.path());
  EXPECT_EQ(memory.resident, 10 * kMebi);
  EXPECT_EQ(memory.room, 100 * kMebi);
  EXPECT_EQ(memory.bound, "MemAvailable");
}

TEST(FreeMemory, IsWhatTheGroupLeavesAndItsPagesOfFilesCountAsFree) {
  const TempFolder root;
  WriteMachine(root);
  root.Write("proc/self/cgroup", "0::/box/1\n");
  root.Write("sys/fs/cgroup/box/1/memory.max", "52428800\n");                        // 50 MiB
  root.Write("sys/fs/cgroup/box/1/memory.current", "41943040\n");                    // 40 MiB
  root.Write("sys/fs/cgroup/box/1/memory.stat", "anon 1\ninactive_file 5242880\n");  // 5 MiB
  const FreeMemory memory = MeasureFreeMemory(Files(), root.path());
  EXPECT_EQ(memory.room, 15 * kMebi);
  EXPECT_EQ(memory.bound, "cgroup");
}

TEST(FreeMemory, KnowsGroupsOfBothVersionsAndTheWordMax) {
  const TempFolder root;
  WriteMachine(root);
  root.Write("proc/self/cgroup", "5:memory:/box\n4:cpu:/other\n");
  root.Write("sys/fs/cgroup/memory.max", "max\n");
  root.Write("sys/fs/cgroup/memory.current", "41943040\n");
  EXPECT_EQ(MeasureFreeMemory(Files(), root.path()).bound, "MemAvailable");
  root.Write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "52428800\n");
  root.Write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "62914560\n");
  const FreeMemory memory = MeasureFreeMemory(Files(), root.path());
  EXPECT_EQ(memory.room, 0);  // over its limit: nothing is left, not less
  EXPECT_EQ(memory.bound, "cgroup");
}

TEST(FreeMemory, OfThisMachineIsMoreThanNothing) {
  const FreeMemory memory = MeasureFreeMemory(Files());
  EXPECT_GT(memory.resident, kMebi);
  EXPECT_GT(memory.room, kMebi);
}

}  // namespace
}  // namespace tessera
