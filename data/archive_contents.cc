#include "data/archive_contents.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/archive_reader.h"
#include "data/file_names.h"

namespace tessera {
namespace {

constexpr int64_t kSmall = 1 << 16;  // bytes of a text that is held: no caption is longer

// Says whether the file may hold texts that opening the data set reads.
bool HoldsText(std::string_view name) {
  const FileKind kind = KindOf(name);
  return kind == FileKind::kCaption || kind == FileKind::kCaptionLike || kind == FileKind::kRows;
}

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

// Reads an archive entry by entry.
class Lister {
 public:
  Lister(const ArchiveReader& reader, int64_t most_held)
      : archive_(reader), reader_(reader.get()), room_(most_held) {}

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
    if (contents_.files.contains(*name) || links_.contains(*name)) {
      contents_.others.push_back({*name, "earlier copies of a file of the archive"});
      contents_.files.erase(*name);
      links_.erase(*name);
    }
    if (hard != nullptr || soft != nullptr) {
      links_[*name] = hard != nullptr ? hard : JoinPath(FolderPrefix(*name), soft);
      return absl::OkStatus();
    }
    if (archive_entry_filetype(entry) != AE_IFREG) {
      contents_.others.push_back({*name, kNoFile});
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(contents_.files[*name], ContentOf(entry, *name));
    return absl::OkStatus();
  }

  // Gives links what they lead to. What leads to no file of the archive is bad, unless it is hidden
  // or leads to a folder, whose files are there by their own names.
  absl::Status Follow(BadData& bad) {
    for (const auto& [name, first] : links_) {
      const Content* content = Target(first);
      if (content != nullptr) {
        const auto* bytes = std::get_if<std::string>(content);
        RETURN_IF_ERROR(Hold(bytes != nullptr ? std::ssize(*bytes) : 0));
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

  // Deflated files end before the next file that has a place, or where the archive does.
  ArchiveContents Finish() {
    std::vector<int64_t> offsets = {archive_.size()};
    for (const auto& [name, content] : contents_.files) {
      if (const auto* packed = std::get_if<Packed>(&content)) {
        offsets.push_back(packed->offset);
      }
    }
    std::ranges::sort(offsets);
    for (auto& [name, content] : contents_.files) {
      if (auto* packed = std::get_if<Packed>(&content); packed != nullptr && packed->deflated) {
        packed->room = *std::ranges::upper_bound(offsets, packed->offset) - packed->offset;
      }
    }
    contents_.compressed = IsCompressed();
    return std::move(contents_);
  }

 private:
  absl::Status Bad(absl::string_view problem) const {
    return absl::InvalidArgumentError(
        absl::StrCat("the archive '", archive_.path(), "': ", problem));
  }

  bool IsCompressed() const { return archive_filter_code(reader_, 0) != ARCHIVE_FILTER_NONE; }

  absl::Status Hold(int64_t bytes) {
    room_ -= bytes;
    return room_ >= 0 ? absl::OkStatus()
                      : absl::ResourceExhaustedError(absl::StrCat(
                            "the archive '", archive_.path(),
                            "' is too large for memory; unpack it and name the folder"));
  }

  // Where the entry's bytes are, if they stand in the archive as they are or deflated.
  std::optional<Packed> PlaceOf(struct archive_entry* entry) const {
    if (IsCompressed() || archive_entry_sparse_count(entry) > 0 ||
        !archive_entry_size_is_set(entry) || archive_entry_is_data_encrypted(entry) != 0) {
      return std::nullopt;
    }
    const int64_t size = archive_entry_size(entry);
    const Packed packed{archive_filter_bytes(reader_, 0), size, size};
    if ((archive_format(reader_) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR) {
      return packed;
    }
    const std::string_view method = archive_format_name(reader_);  // "ZIP 2.0 (deflation)"
    const bool deflated = method.ends_with("(deflation)");
    return deflated || method.ends_with("(uncompressed)")
               ? std::optional(Packed{packed.offset, size, size, deflated})
               : std::nullopt;
  }

  absl::StatusOr<Content> ContentOf(struct archive_entry* entry, const std::string& name) {
    const std::optional<Packed> place = PlaceOf(entry);
    const bool small_text = place && place->size <= kSmall && HoldsText(name);
    if (place && !small_text) {
      if (place->offset + (place->deflated ? 0 : place->size) > archive_.size()) {
        return absl::DataLossError(absl::StrCat("cannot read the archive '", archive_.path(),
                                                "': it ends inside of '", name, "'"));
      }
      return Content(*place);
    }
    // The entry's own claim of its size is not trusted.
    std::string bytes;
    std::array<char, 1 << 16> chunk;
    la_ssize_t got;
    while ((got = archive_read_data(reader_, chunk.data(), chunk.size())) > 0) {
      bytes.append(chunk.data(), static_cast<size_t>(got));
      RETURN_IF_ERROR(Hold(got));
    }
    return got < 0 ? absl::StatusOr<Content>(archive_.Damaged()) : Content(std::move(bytes));
  }

  // What is at the end of a chain of links; null if nothing is.
  const Content* Target(std::string name) const {
    for (size_t steps = 0; steps <= links_.size(); ++steps) {
      const absl::StatusOr<std::string> safe = SafeName(name);
      if (!safe.ok()) {
        return nullptr;
      }
      if (const auto file = contents_.files.find(*safe); file != contents_.files.end()) {
        return &file->second;
      }
      const auto link = links_.find(*safe);
      if (link == links_.end()) {
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

  const ArchiveReader& archive_;
  struct archive* reader_;
  int64_t room_;  // bytes
  ArchiveContents contents_;
  std::map<std::string, std::string> links_;  // by their names, to names
};

}  // namespace

absl::StatusOr<ArchiveContents> ListArchive(const std::string& path, const Files& files,
                                            BadData& bad, int64_t most_held) {
  const Utf8Letters utf8;
  ASSIGN_OR_RETURN(const auto reader, ArchiveReader::Open(path, files));
  Lister lister(*reader, most_held);
  archive_entry* entry = nullptr;
  int result;
  while ((result = archive_read_next_header(reader->get(), &entry)) == ARCHIVE_OK ||
         result == ARCHIVE_WARN) {
    RETURN_IF_ERROR(lister.Add(entry, bad));
  }
  if (result != ARCHIVE_EOF) {
    return reader->Damaged();
  }
  RETURN_IF_ERROR(lister.Follow(bad));
  return lister.Finish();
}

}  // namespace tessera
