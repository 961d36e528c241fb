#include "files/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "files/files.h"

namespace tessera {

absl::StatusOr<FolderLock> LockFolder(const std::string& folder) {
  const std::string path = JoinPath(folder, "lock");
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write '", path, "'"));
  }
  FolderLock lock(nullptr, [file](const void*) { close(file); });
  if (flock(file, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP) {
    return lock;
  }
  return errno == EWOULDBLOCK
             ? absl::FailedPreconditionError(
                   absl::StrCat("another process works in '", folder,
                                "'; wait until it has ended, or name another --out"))
             : absl::ErrnoToStatus(errno, absl::StrCat("cannot lock '", path, "'"));
}

}  // namespace tessera
