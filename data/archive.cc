#include "data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <array>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/file_names.h"

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

// What an archive holds: files by their safe names, links, and names that are neither.
struct Contents {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> links;  // by their names, to names
  std::vector<Unlisted> others;
};

class ArchiveSource : public Source {
 public:
  ArchiveSource(std::string path, Contents contents)
      : path_(std::move(path)), contents_(std::move(contents)) {
    for (const auto& [name, bytes] : contents_.files) {
      names_.push_back(name);
    }
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& Names() const override { return names_; }
  const std::vector<Unlisted>& Others() const override { return contents_.others; }
  absl::StatusOr<std::string> Read(const std::string& name) const override {
    ASSIGN_OR_RETURN(const std::string safe, SafeName(name));
    const auto found = contents_.files.find(safe);
    if (found == contents_.files.end()) {
      return absl::NotFoundError(absl::StrCat("'", path_, "' holds no '", name, "'"));
    }
    return found->second;
  }

 private:
  std::string path_;
  Contents contents_;
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
  // `cat a.tar b.tar` holds the files of both.
  archive_read_set_format_option(reader.get(), "tar", "read_concatenated_archives", "1");
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return Damaged(path, reader.get());
  }
  return reader;
}

// Reads an archive entry by entry.
class Unpacker {
 public:
  Unpacker(const std::string& path, struct archive* reader, int64_t max_bytes)
      : path_(path), reader_(reader), room_(max_bytes) {}

  absl::Status Add(struct archive_entry* entry, BadData& bad) {
    const char* stored = archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) == AE_IFDIR) {
      return absl::OkStatus();
    }
    const absl::StatusOr<std::string> name = SafeName(stored != nullptr ? stored : "");
    if (!name.ok()) {
      return bad.Report(Bad(name.status().message()));
    }
    const char* hard = archive_entry_hardlink(entry);
    const char* soft = archive_entry_symlink(entry);
    if (contents_.files.contains(*name) || contents_.links.contains(*name)) {
      contents_.others.push_back({*name, "earlier copies of a file of the archive"});
      contents_.files.erase(*name);
      contents_.links.erase(*name);
    }
    if (hard != nullptr || soft != nullptr) {
      contents_.links[*name] = hard != nullptr ? hard : JoinPath(FolderPrefix(*name), soft);
      return absl::OkStatus();
    }
    if (archive_entry_filetype(entry) != AE_IFREG) {
      contents_.others.push_back({*name, kNoFile});
      return absl::OkStatus();
    }
    return Unpack(&contents_.files[*name]);
  }

  // Gives links the bytes of what they lead to. What leads to no file of the archive is bad, unless
  // it is hidden or leads to a folder, whose files are there by their own names.
  absl::Status Follow(BadData& bad) {
    for (const auto& [name, first] : contents_.links) {
      const std::string* content = Target(first);
      if (content != nullptr) {
        RETURN_IF_ERROR(Take(std::ssize(*content)));
        contents_.files[name] = *content;
      } else if (IsFolder(first)) {
        contents_.others.push_back({name, "links to a folder of the archive"});
      } else if (!IsHidden(name)) {
        RETURN_IF_ERROR(bad.Report(
            Bad(absl::StrCat("'", name, "' is a link to '", first, "', which it lacks"))));
      }
    }
    return absl::OkStatus();
  }

  Contents& contents() { return contents_; }

 private:
  absl::Status Bad(absl::string_view problem) const {
    return absl::InvalidArgumentError(absl::StrCat("the archive '", path_, "': ", problem));
  }

  absl::Status Take(int64_t bytes) {
    room_ -= bytes;
    return room_ >= 0 ? absl::OkStatus()
                      : absl::ResourceExhaustedError(absl::StrCat(
                            "the archive '", path_,
                            "' is too large for memory; unpack it and name the folder"));
  }

  // The entry's own claim of its size is not trusted.
  absl::Status Unpack(std::string* bytes) {
    std::array<char, 1 << 16> chunk;
    la_ssize_t got;
    while ((got = archive_read_data(reader_, chunk.data(), chunk.size())) > 0) {
      bytes->append(chunk.data(), static_cast<size_t>(got));
      RETURN_IF_ERROR(Take(got));
    }
    return got < 0 ? Damaged(path_, reader_) : absl::OkStatus();
  }

  // The bytes of the file at the end of a chain of links; null if there is none.
  const std::string* Target(std::string name) const {
    for (size_t steps = 0; steps <= contents_.links.size(); ++steps) {
      const absl::StatusOr<std::string> safe = SafeName(name);
      if (!safe.ok()) {
        return nullptr;
      }
      if (const auto file = contents_.files.find(*safe); file != contents_.files.end()) {
        return &file->second;
      }
      const auto link = contents_.links.find(*safe);
      if (link == contents_.links.end()) {
        return nullptr;
      }
      name = link->second;
    }
    return nullptr;
  }

  bool IsFolder(const std::string& name) const {
    const absl::StatusOr<std::string> safe = SafeName(name);
    const auto below = safe.ok() ? contents_.files.lower_bound(*safe + "/") : contents_.files.end();
    return below != contents_.files.end() && below->first.starts_with(*safe + "/");
  }

  const std::string& path_;
  struct archive* reader_;
  int64_t room_;  // bytes
  Contents contents_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenArchive(const std::string& path, std::string_view bytes,
                                                    BadData& bad, int64_t max_bytes) {
  const Utf8Letters utf8;
  ASSIGN_OR_RETURN(const Reader reader, OpenReader(path, bytes));
  Unpacker unpacker(path, reader.get(), max_bytes);
  archive_entry* entry = nullptr;
  int result;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK ||
         result == ARCHIVE_WARN) {
    RETURN_IF_ERROR(unpacker.Add(entry, bad));
  }
  if (result != ARCHIVE_EOF) {
    return Damaged(path, reader.get());
  }
  RETURN_IF_ERROR(unpacker.Follow(bad));
  return std::make_unique<ArchiveSource>(path, std::move(unpacker.contents()));
}

}  // namespace tessera
