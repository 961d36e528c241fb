// Faults that the machine itself makes: a limit on the size of files, and a device that is full.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <thread>

#include "absl/strings/match.h"
#include "files/files.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using Names = std::vector<std::string>;

// While it lives, no file grows beyond so many bytes: write() does what fits, then fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_;
};

TEST(RealFileSystem, AnAppendThatFailsHalfWayLeavesTheFileAsItWas) {
  const TempFolder folder;
  folder.Write("log", "one line\n");
  absl::Status status;
  {
    const FileSizeLimit limit(12);
    status = Files().Append(folder / "log", "another line\n");
  }
  EXPECT_EQ(status.message(), "cannot append to '" + folder / "log" + "': File too large");
  EXPECT_EQ(Files().Read(folder / "log").value(), "one line\n");
  ASSERT_TRUE(Files().Append(folder / "log", "another line\n").ok());
  EXPECT_EQ(Files().Read(folder / "log").value(), "one line\nanother line\n");
}

TEST(RealFileSystem, AWriteThatFailsHalfWayLeavesTheOldFileAndNoOther) {
  const TempFolder folder;
  folder.Write("x", "old");
  absl::Status status;
  {
    const FileSizeLimit limit(5);
    status = Files().Write(folder / "x", "new and long");
  }
  EXPECT_EQ(status.message(), "cannot write '" + folder / "x" + "': File too large");
  EXPECT_EQ(Files().Read(folder / "x").value(), "old");
  EXPECT_EQ(Files().List(folder.path()).value(), Names{"x"});
}

TEST(RealFileSystem, AWriteToAFullDiskLeavesTheOldFileAndNoOther) {
  const TempFolder folder;
  folder.Write("x", "old");
  std::filesystem::create_symlink("/dev/full", folder / "x.partial");
  const absl::Status status = Files().Write(folder / "x", "new");
  EXPECT_EQ(status.message(), "cannot write '" + folder / "x" + "': No space left on device");
  EXPECT_EQ(Files().Read(folder / "x").value(), "old");
  EXPECT_EQ(Files().List(folder.path()).value(), Names{"x"});
}

TEST(RealFileSystem, AnAppendToAFullDeviceIsToldAsThatAndNotAsLostData) {
  EXPECT_EQ(Files().Append("/dev/full", "line\n").message(),
            "cannot append to '/dev/full': No space left on device");
}

TEST(RealFileSystem, AWriteWhoseRenameFailsLeavesNoPartialFile) {
  const TempFolder folder;
  folder.Write("x/inside", "kept");
  const absl::Status status = Files().Write(folder / "x", "new");
  EXPECT_TRUE(absl::EndsWith(status.message(), "Is a directory")) << status;
  EXPECT_EQ(Files().List(folder.path()).value(), Names{"x"});
  EXPECT_EQ(Files().Read(folder / "x/inside").value(), "kept");
}

TEST(RealFileSystem, AWriteBehindALeftOverPartialFileIsWhole) {
  const TempFolder folder;
  folder.Write("x.partial", "half of what a killed process wrote, and longer");
  ASSERT_TRUE(Files().Write(folder / "x", "new").ok());
  EXPECT_EQ(Files().Read(folder / "x").value(), "new");
  EXPECT_EQ(Files().List(folder.path()).value(), Names{"x"});
}

TEST(RealFileSystem, ARenameOntoAFullFolderMovesNothing) {
  const TempFolder folder;
  folder.Write("a/1", "");
  folder.Write("b/2", "");
  const absl::Status status = Files().Rename(folder / "a", folder / "b");
  EXPECT_EQ(status.message(),
            "cannot rename '" + folder / "a" + "' to '" + folder / "b" + "': Directory not empty");
  EXPECT_EQ(Files().ListTree(folder.path())->files, (Names{"a/1", "b/2"}));
}

TEST(RealFileSystem, ASyncOfAMissingFolderNamesIt) {
  const TempFolder folder;
  EXPECT_EQ(RealFileSystem()->Sync(folder / "no").message(),
            "cannot sync '" + folder / "no" + "': No such file or directory");
}

// The kernel says 4096 bytes of files that it makes up, whatever they hold.
TEST(RealFileSystem, AReadShorterThanTheFileSaysIsAPassingFailure) {
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "this machine has no " << path;
  }
  const absl::Status status = RealFileSystem()->Read(path).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(absl::StartsWith(status.message(), "short read of '" + path + "': ")) << status;
}

TEST(RealFileSystem, AFifoIsReadIfSomebodyWritesIntoItAndElseRefused) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(Files().Read(folder / "fifo").status().message(),
            "'" + folder / "fifo" + "' is a FIFO into which nothing is written; name a file");
  // A reader that gives up just when the writer comes leaves it with SIGPIPE; it then tries again.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::thread writer([&] {
    while (!(std::ofstream(folder / "fifo") << std::string(200'000, 'x') << std::flush)) {
    }
  });
  // Until the writer is there, nothing is written.
  absl::StatusOr<std::string> read = Files().Read(folder / "fifo");
  while (!read.ok()) {
    read = Files().Read(folder / "fifo");
  }
  writer.join();
  std::signal(SIGPIPE, before);
  EXPECT_EQ(*read, std::string(200'000, 'x'));
}

TEST(RealFileSystem, ADeviceIsReadIfItEndsAndElseRefused) {
  EXPECT_EQ(Files().Read("/dev/null").value(), "");
  EXPECT_EQ(Files().Read("/dev/zero").status().message(),
            "'/dev/zero' is a device that does not end; name a file");
}

TEST(RealFileSystem, AFileThatNoMemoryHoldsIsRefused) {
  const TempFolder folder;
  folder.Write("huge", "");
  std::filesystem::resize_file(folder / "huge", uintmax_t{1} << 42);  // a hole
  const absl::Status status = Files().Read(folder / "huge").status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "'" + folder / "huge" + "' is too large: "));
}

TEST(RealFileSystem, AWriteToADeviceOrAFolderReplacesNothing) {
  const TempFolder folder;
  std::filesystem::create_symlink("/dev/null", folder / "null");
  ASSERT_TRUE(Files().Write(folder / "null", "bytes").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "null"));
  EXPECT_EQ(Files().Write("/dev/full", "bytes").message(),
            "cannot write '/dev/full': No space left on device");
  std::filesystem::create_directory(folder / "empty");
  for (const std::string name : {"empty", "empty/"}) {
    EXPECT_EQ(Files().Write(folder / name, "bytes").message(),
              "cannot write '" + folder / name + "': Is a directory");
  }
  EXPECT_EQ(Files().List(folder.path()).value(), (Names{"empty", "null"}));
  EXPECT_EQ(Files().List(folder / "empty").value(), Names());
}

}  // namespace
}  // namespace tessera
