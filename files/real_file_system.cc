// The machine's own files (POSIX). errno becomes a Status: what may pass is Unavailable.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "files/descriptor.h"
#include "files/files.h"
#include "files/free_memory.h"

namespace tessera {
namespace {

constexpr int64_t kLarge = int64_t{256} << 20;    // bytes that are read without a look at memory
constexpr int64_t kOfDevice = int64_t{16} << 20;  // bytes that a device may have: most never end

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

// Waits for the other end of a FIFO if that is what the last call failed for.
bool Awaited(int fd, int16_t events) {
  pollfd waited{fd, events, 0};
  return errno == EAGAIN && poll(&waited, 1, /*forever*/ -1) >= 0;
}

// 0 or the errno.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && !Awaited(fd, POLLOUT)) {
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  return 0;
}

// Refuses to hold so many bytes of a file if they are more than what is free.
absl::Status CheckRoom(const std::string& path, int64_t bytes) {
  if (bytes <= kLarge) {
    return absl::OkStatus();
  }
  const FreeMemory memory = MeasureFreeMemory(Files());
  return static_cast<double>(bytes) < memory.room
             ? absl::OkStatus()
             : absl::ResourceExhaustedError(absl::StrCat(
                   "'", path, "' is too large: it would take ", bytes >> 20, " MiB of memory, and ",
                   static_cast<int64_t>(memory.room) >> 20, " MiB are free (", memory.bound, ")"));
}

// What may be wrong with something that is no regular file after `got` bytes of it.
absl::Status CheckStream(const std::string& path, mode_t mode, int64_t got, bool ended) {
  if (ended && got == 0 && S_ISFIFO(mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' is a FIFO into which nothing is written; name a file"));
  }
  if (S_ISCHR(mode) && got > kOfDevice) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' is a device that does not end; name a file"));
  }
  return CheckRoom(path, 3 * got);  // a string that grows is copied into one twice as long
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
    const bool regular = S_ISREG(info.st_mode);
    RETURN_IF_ERROR(CheckRoom(path, regular ? info.st_size : 0));
    std::string bytes;
    bytes.reserve(regular ? static_cast<size_t>(info.st_size) : 0);
    std::array<char, 1 << 16> chunk;
    int64_t next_look = kOfDevice;
    ssize_t got;
    while ((got = read(file.get(), chunk.data(), chunk.size())) > 0 ||
           (got < 0 && Awaited(file.get(), POLLIN))) {
      bytes.append(chunk.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (!regular && std::ssize(bytes) > next_look) {
        next_look *= 2;
        RETURN_IF_ERROR(CheckStream(path, info.st_mode, std::ssize(bytes), /*ended=*/false));
      }
    }
    if (got < 0) {
      return ErrnoStatus(errno, "read", path);
    }
    RETURN_IF_ERROR(CheckStream(path, info.st_mode, std::ssize(bytes), /*ended=*/true));
    if (regular && std::ssize(bytes) < info.st_size) {
      return absl::UnavailableError(absl::StrCat("short read of '", path, "': ", bytes.size(),
                                                 " of ", info.st_size, " bytes"));
    }
    return bytes;
  }

  absl::StatusOr<std::string> ReadRange(const std::string& path, int64_t offset,
                                        int64_t size) const override {
    const Descriptor file(path, O_RDONLY);
    if (file.get() < 0) {
      return ErrnoStatus(errno, "read", path);
    }
    std::string bytes(static_cast<size_t>(size), '\0');
    int64_t filled = 0;
    ssize_t got = 1;
    while (filled < size && got > 0) {
      got = pread(file.get(), bytes.data() + filled, static_cast<size_t>(size - filled),
                  offset + filled);
      filled += std::max<ssize_t>(got, 0);
    }
    if (got < 0) {
      return ErrnoStatus(errno, "read", path);
    }
    bytes.resize(static_cast<size_t>(filled));
    return bytes;
  }

  absl::StatusOr<FileStamp> Stamp(const std::string& path) const override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      return ErrnoStatus(errno, "look at", path);
    }
    return FileStamp{info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
  }

  absl::StatusOr<FileBytes> Map(const std::string& path) const override {
    const Descriptor file(path, O_RDONLY);
    struct stat info;
    if (file.get() < 0 || fstat(file.get(), &info) != 0) {
      return ErrnoStatus(errno, "read", path);
    }
    const auto size = static_cast<size_t>(info.st_size);
    void* const memory = S_ISREG(info.st_mode) && size > 0
                             ? mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_NORESERVE, file.get(), 0)
                             : MAP_FAILED;
    if (memory == MAP_FAILED) {  // a stream, an empty file, or a disk that maps none
      return FileSystem::Map(path);
    }
    return FileBytes{{static_cast<const char*>(memory), size},
                     {memory, [size](const void* m) { munmap(const_cast<void*>(m), size); }}};
  }

  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    struct stat info;
    const bool exists = stat(path.c_str(), &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
      return ErrnoStatus(EISDIR, "write", path);
    }
    if (exists && !S_ISREG(info.st_mode)) {  // a device keeps its place
      const Descriptor stream(path, O_WRONLY);
      const int error = stream.get() < 0 ? errno : WriteAll(stream.get(), bytes);
      return error == 0 ? absl::OkStatus() : ErrnoStatus(error, "write", path);
    }
    return Replace(path, bytes);
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

 private:
  // Whatever fails leaves nothing behind.
  absl::Status Replace(const std::string& path, std::string_view bytes) const {
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
};

}  // namespace

std::shared_ptr<const FileSystem> RealFileSystem() { return std::make_shared<RealFiles>(); }

}  // namespace tessera
