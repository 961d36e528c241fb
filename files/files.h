// Every file operation of the project. FileSystem is the bare operations; Files repeats those that
// fail for a passing reason. Whoever reads or writes takes a Files, so tests can hand in a faulty
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/retry.h"

namespace tessera {

// kOther: a FIFO, a socket or a device, whose reading may never end.
enum class PathKind { kNone, kFile, kFolder, kOther };

// The files below a folder, by paths relative to it, sorted.
struct Tree {
  std::vector<std::string> files = {};
  std::vector<std::string> dead_links = {};
  std::vector<std::string> links_upwards = {};  // to a folder that they stand in
  std::vector<std::string> others = {};         // of PathKind::kOther
  std::vector<std::pair<std::string, absl::Status>> unreadable = {};  // folders, and why
};

// What tells whether a file has changed.
struct FileStamp {
  int64_t bytes = 0;
  int64_t modified = 0;  // nanoseconds since 1970

  bool operator==(const FileStamp&) const = default;
};

// The bytes of a file, and what keeps them in memory.
struct FileBytes {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

// One try of each operation. A passing failure is Unavailable, a missing path NotFound.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual absl::StatusOr<PathKind> Kind(const std::string& path) const = 0;

  // The path without links of what stands there.
  virtual absl::StatusOr<std::string> Resolve(const std::string& path) const = 0;
  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
  virtual absl::StatusOr<std::string> ReadRange(const std::string& path, int64_t offset,
                                                int64_t size) const = 0;
  virtual absl::StatusOr<FileStamp> Stamp(const std::string& path) const = 0;
  // As Read, if the file cannot be mapped.
  virtual absl::StatusOr<FileBytes> Map(const std::string& path) const;
  virtual absl::Status Write(const std::string& path, std::string_view bytes) const = 0;
  virtual absl::Status Append(const std::string& path, std::string_view bytes) const = 0;
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const = 0;
  virtual absl::Status MakeFolder(const std::string& path) const = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) const = 0;
  virtual absl::Status Remove(const std::string& path) const = 0;

  // The folder's list of names reaches the disk.
  virtual absl::Status Sync(const std::string& folder) const = 0;
};

std::shared_ptr<const FileSystem> RealFileSystem();

// Const and thread-safe: each call has its own tries.
class Files {
 public:
  explicit Files(RetryPolicy policy = {},
                 std::shared_ptr<const FileSystem> system = RealFileSystem(),
                 RetryHooks hooks = RetryHooks::Real());

  absl::StatusOr<PathKind> Kind(const std::string& path) const;

  // The whole file. A missing one is NotFound, and the message names the path that may have been
  // meant. What is no file is read if it ends: a FIFO that has a writer, a device that is short.
  // What would not fit into the memory that is free is ResourceExhausted.
  absl::StatusOr<std::string> Read(const std::string& path) const;

  // These bytes of a regular file; fewer only where it ends.
  absl::StatusOr<std::string> ReadRange(const std::string& path, int64_t offset,
                                        int64_t size) const;

  absl::StatusOr<FileStamp> Stamp(const std::string& path) const;

  // The whole file, as memory that is read when it is looked at and need not be free. What is
  // written there changes a copy. The file must not become shorter meanwhile, so it is for files
  // that are replaced by Write and never changed in place.
  absl::StatusOr<FileBytes> Map(const std::string& path) const;

  // The file has either its old bytes or all of the new ones, also after a crash; a failure leaves
  // nothing else behind. A device or FIFO is written to, not replaced.
  absl::Status Write(const std::string& path, std::string_view bytes) const;

  // Adds to the end; a try that failed half-way leaves nothing behind.
  absl::Status Append(const std::string& path, std::string_view bytes) const;

  // Names in the folder, sorted; without "." and "..".
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const;

  // Everything below the folder; links are followed. Fails if the folder itself cannot be listed,
  // or for a passing reason.
  absl::StatusOr<Tree> ListTree(const std::string& folder) const;

  // With the folders above it; one that is there already is fine.
  absl::Status MakeFolder(const std::string& path) const;

  // Atomic inside one disk; replaces a file or an empty folder. The new name survives a crash.
  absl::Status Rename(const std::string& from, const std::string& to) const;

  // A file or a whole folder; one that is not there is fine.
  absl::Status Remove(const std::string& path) const;

 private:
  template <class Attempt>
  auto Try(const std::string& path, Attempt&& attempt) const;

  struct Pending;
  absl::Status ListInto(const std::string& folder, Pending next, Tree* tree,
                        std::vector<Pending>* pending) const;

  template <class Result>
  Result WithSimilarPath(Result result, const std::string& path) const;

  // What there is instead of a missing path, its folders too; empty if nothing is like it.
  std::string SimilarPath(const std::string& path) const;

  RetryPolicy policy_;
  std::shared_ptr<const FileSystem> system_;
  RetryHooks hooks_;
};

// "folder/name"; name alone if the folder is empty or the name is absolute.
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace tessera
