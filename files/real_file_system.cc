// The machine's own files (POSIX). errno becomes a Status: what may pass is Unavailable.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "files/files.h"

namespace tessera {
namespace {

absl::Status ErrnoStatus(int error, std::string_view verb, const std::string& path) {
  const absl::Status status =
      absl::ErrnoToStatus(error, absl::StrCat("cannot ", std::string(verb), " '", path, "'"));
  for (const int passing : {EINTR, EAGAIN, EIO, ETIMEDOUT, EBUSY, ESTALE}) {
    if (error == passing) {
      return absl::UnavailableError(status.message());
    }
  }
  return status;
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// 0 or the errno.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

class RealFiles : public FileSystem {
 public:
  absl::StatusOr<PathKind> Kind(const std::string& path) const override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0) {
      return S_ISDIR(info.st_mode)   ? PathKind::kFolder
             : S_ISREG(info.st_mode) ? PathKind::kFile
                                     : PathKind::kOther;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return PathKind::kNone;
    }
    return ErrnoStatus(errno, "look at", path);
  }

  absl::StatusOr<std::string> Resolve(const std::string& path) const override {
    const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr), free);
    return resolved ? absl::StatusOr<std::string>(resolved.get())
                    : ErrnoStatus(errno, "look at", path);
  }

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const Descriptor file(path, O_RDONLY);
    struct stat info;
    if (file.get() < 0 || fstat(file.get(), &info) != 0) {
      return ErrnoStatus(errno, "read", path);
    }
    std::string bytes;
    bytes.reserve(S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 0);
    std::array<char, 1 << 16> chunk;
    ssize_t got;
    while ((got = read(file.get(), chunk.data(), chunk.size())) > 0) {
      bytes.append(chunk.data(), static_cast<size_t>(got));
    }
    if (got < 0) {
      return ErrnoStatus(errno, "read", path);
    }
    if (S_ISREG(info.st_mode) && std::ssize(bytes) < info.st_size) {
      return absl::UnavailableError(absl::StrCat("short read of '", path, "': ", bytes.size(),
                                                 " of ", info.st_size, " bytes"));
    }
    return bytes;
  }

  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    const std::string partial = path + ".partial";
    {
      const Descriptor file(partial, O_WRONLY | O_CREAT | O_TRUNC);
      if (file.get() < 0) {
        return ErrnoStatus(errno, "write", path);
      }
      int error = WriteAll(file.get(), bytes);
      if (error == 0 && fsync(file.get()) != 0) {
        error = errno;
      }
      if (error != 0) {
        unlink(partial.c_str());
        return ErrnoStatus(error, "write", path);
      }
    }
    if (const absl::Status renamed = Rename(partial, path); !renamed.ok()) {
      unlink(partial.c_str());
      return renamed;
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return Sync(folder.empty() ? "." : folder);
  }

  absl::Status Append(const std::string& path, std::string_view bytes) const override {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_APPEND);
    struct stat before;
    if (file.get() < 0 || fstat(file.get(), &before) != 0) {
      return ErrnoStatus(errno, "append to", path);
    }
    if (const int error = WriteAll(file.get(), bytes); error != 0) {
      if (S_ISREG(before.st_mode) && ftruncate(file.get(), before.st_size) != 0) {
        return absl::DataLossError(absl::StrCat("half a line is left at the end of '", path, "'"));
      }
      return ErrnoStatus(error, "append to", path);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    const std::unique_ptr<DIR, int (*)(DIR*)> opened(opendir(folder.c_str()), closedir);
    if (!opened) {
      return ErrnoStatus(errno, "list", folder);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(opened.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
    }
    if (errno != 0) {
      return ErrnoStatus(errno, "list", folder);
    }
    return names;
  }

  absl::Status MakeFolder(const std::string& path) const override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? ErrnoStatus(error.value(), "make the folder", path) : absl::OkStatus();
  }

  absl::Status Rename(const std::string& from, const std::string& to) const override {
    return rename(from.c_str(), to.c_str()) == 0
               ? absl::OkStatus()
               : ErrnoStatus(errno, absl::StrCat("rename '", from, "' to"), to);
  }

  absl::Status Remove(const std::string& path) const override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? ErrnoStatus(error.value(), "remove", path) : absl::OkStatus();
  }

  absl::Status Sync(const std::string& folder) const override {
    const Descriptor opened(folder, O_RDONLY | O_DIRECTORY);
    // Some file systems cannot sync a folder and say EINVAL.
    if (opened.get() < 0 || (fsync(opened.get()) != 0 && errno != EINVAL)) {
      return ErrnoStatus(errno, "sync", folder);
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::shared_ptr<const FileSystem> RealFileSystem() { return std::make_shared<RealFiles>(); }

}  // namespace tessera
