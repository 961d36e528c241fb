#include "data/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

constexpr int64_t kBlock = 1 << 16;  // bytes of a read

}  // namespace

ArchiveReader::ArchiveReader(const std::string& path, const Files& files, int64_t size)
    : path_(path), files_(files), size_(size), reader_(archive_read_new(), archive_read_free) {
  archive_read_support_filter_all(get());
  archive_read_set_callback_data(get(), this);
  archive_read_set_read_callback(
      get(), [](struct archive*, void* self, const void** buffer) -> la_ssize_t {
        ArchiveReader& reader = *static_cast<ArchiveReader*>(self);
        absl::StatusOr<std::string> bytes =
            reader.files_.ReadRange(reader.path_, reader.at_, kBlock);
        if (!bytes.ok()) {
          reader.failure_ = bytes.status();
          return -1;
        }
        reader.block_ = *std::move(bytes);
        reader.at_ += std::ssize(reader.block_);
        *buffer = reader.block_.data();
        return std::ssize(reader.block_);
      });
}

absl::StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(const std::string& path,
                                                                   const Files& files) {
  ASSIGN_OR_RETURN(const FileStamp stamp, files.Stamp(path));
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(path, files, stamp.bytes));
  archive_read_support_format_tar(reader->get());
  archive_read_support_format_zip(reader->get());
  // `cat a.tar b.tar` holds the files of both.
  archive_read_set_format_option(reader->get(), "tar", "read_concatenated_archives", "1");
  archive_read_set_seek_callback(
      reader->get(), [](struct archive*, void* self, la_int64_t offset, int whence) -> la_int64_t {
        ArchiveReader& seeking = *static_cast<ArchiveReader*>(self);
        const int64_t from = whence == SEEK_CUR   ? seeking.at_
                             : whence == SEEK_END ? seeking.size_
                                                  : 0;
        if (from + offset < 0 || from + offset > seeking.size_) {
          return ARCHIVE_FATAL;
        }
        return seeking.at_ = from + offset;
      });
  RETURN_IF_ERROR(reader->Begin());
  return reader;
}

absl::Status ArchiveReader::Begin() {
  return archive_read_open1(get()) == ARCHIVE_OK ? absl::OkStatus() : Damaged();
}

absl::Status ArchiveReader::Damaged() const {
  RETURN_IF_ERROR(failure_);
  const char* reason = archive_error_string(get());
  return absl::DataLossError(absl::StrCat("cannot read the archive '", path_,
                                          "': ", reason != nullptr ? reason : "it is damaged"));
}

absl::StatusOr<std::string> Decompress(const std::string& path, const Files& files, int64_t most) {
  ASSIGN_OR_RETURN(const FileStamp stamp, files.Stamp(path));
  ArchiveReader reader(path, files, stamp.bytes);
  archive_read_support_format_raw(reader.get());
  RETURN_IF_ERROR(reader.Begin());
  archive_entry* entry = nullptr;
  if (archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return reader.Damaged();
  }
  std::string bytes;
  std::array<char, kBlock> chunk;
  la_ssize_t got;
  while ((got = archive_read_data(reader.get(), chunk.data(), chunk.size())) > 0) {
    bytes.append(chunk.data(), static_cast<size_t>(got));
    if (std::ssize(bytes) > most) {
      return absl::ResourceExhaustedError(absl::StrCat("'", path, "' holds more than ", most >> 20,
                                                       " MiB, too large for memory; unpack it"));
    }
  }
  return got < 0 ? absl::StatusOr<std::string>(reader.Damaged()) : std::move(bytes);
}

}  // namespace tessera
