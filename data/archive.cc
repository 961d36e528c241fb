#include "data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <array>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

using Reader = std::unique_ptr<struct archive, int (*)(struct archive*)>;

// While it lives, this thread's letters are UTF-8: libarchive gives no names with other letters in
// the locale "C", in which programs start.
class Utf8Letters {
 public:
  Utf8Letters()
      : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(uselocale(locale_)) {}
  ~Utf8Letters() {
    uselocale(before_);
    if (locale_ != nullptr) {
      freelocale(locale_);
    }
  }
  Utf8Letters(const Utf8Letters&) = delete;
  Utf8Letters& operator=(const Utf8Letters&) = delete;

 private:
  locale_t locale_;
  locale_t before_;
};

class ArchiveSource : public Source {
 public:
  ArchiveSource(std::string path, std::map<std::string, std::string> contents)
      : path_(std::move(path)), contents_(std::move(contents)) {
    for (const auto& [name, bytes] : contents_) {
      names_.push_back(name);
    }
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& Names() const override { return names_; }
  absl::StatusOr<std::string> Read(const std::string& name) const override {
    ASSIGN_OR_RETURN(const std::string safe, SafeName(name));
    const auto found = contents_.find(safe);
    if (found == contents_.end()) {
      return absl::NotFoundError(absl::StrCat("'", path_, "' holds no '", name, "'"));
    }
    return found->second;
  }

 private:
  std::string path_;
  std::map<std::string, std::string> contents_;
  std::vector<std::string> names_;
};

absl::Status Damaged(const std::string& path, struct archive* reader) {
  const char* reason = archive_error_string(reader);
  return absl::DataLossError(absl::StrCat("cannot read the archive '", path,
                                          "': ", reason != nullptr ? reason : "it is damaged"));
}

absl::StatusOr<Reader> OpenReader(const std::string& path, std::string_view bytes) {
  Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return Damaged(path, reader.get());
  }
  return reader;
}

// The bytes of the current entry; the entry's own claim of its size is not trusted.
absl::StatusOr<std::string> ReadEntry(const std::string& path, struct archive* reader,
                                      int64_t max_bytes) {
  std::string bytes;
  std::array<char, 1 << 16> chunk;
  la_ssize_t got;
  while ((got = archive_read_data(reader, chunk.data(), chunk.size())) > 0) {
    bytes.append(chunk.data(), static_cast<size_t>(got));
    if (std::ssize(bytes) > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the archive '", path, "' is too large for memory; unpack it and name the folder"));
    }
  }
  if (got < 0) {
    return Damaged(path, reader);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenArchive(const std::string& path, std::string_view bytes,
                                                    BadData& bad, int64_t max_bytes) {
  const Utf8Letters utf8;
  ASSIGN_OR_RETURN(const Reader reader, OpenReader(path, bytes));
  std::map<std::string, std::string> contents;
  archive_entry* entry = nullptr;
  int result;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK ||
         result == ARCHIVE_WARN) {
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      continue;  // folders and links
    }
    const char* stored_name = archive_entry_pathname(entry);
    const absl::StatusOr<std::string> name = SafeName(stored_name != nullptr ? stored_name : "");
    if (!name.ok()) {
      RETURN_IF_ERROR(bad.Report(absl::InvalidArgumentError(
          absl::StrCat("the archive '", path, "': ", name.status().message()))));
      continue;
    }
    ASSIGN_OR_RETURN(std::string content, ReadEntry(path, reader.get(), max_bytes));
    max_bytes -= std::ssize(content);
    contents[*name] = std::move(content);
  }
  if (result != ARCHIVE_EOF) {
    return Damaged(path, reader.get());
  }
  return std::make_unique<ArchiveSource>(path, std::move(contents));
}

}  // namespace tessera
