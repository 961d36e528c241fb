#include "data/archive.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/zlib_stream.h"

namespace tessera {
namespace {

class ArchiveSource : public Source {
 public:
  ArchiveSource(std::string path, std::vector<Archive> archives, std::shared_ptr<const Files> files)
      : path_(std::move(path)), files_(std::move(files)) {
    std::ranges::sort(archives, {}, &Archive::prefix);
    for (Archive& archive : archives) {
      for (auto& [name, content] : archive.contents.files) {
        names_.push_back(archive.prefix + name);
        contents_.push_back({paths_.size(), std::move(content)});
      }
      for (const Unlisted& other : archive.contents.others) {
        others_.push_back({archive.prefix + other.name, other.reason});
      }
      paths_.push_back(std::move(archive.path));
    }
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& Names() const override { return names_; }
  const std::vector<Unlisted>& Others() const override { return others_; }

  absl::StatusOr<std::string> Read(const std::string& name) const override {
    ASSIGN_OR_RETURN(const std::string safe, SafeName(name));
    const auto found = std::ranges::lower_bound(names_, safe);
    if (found == names_.end() || *found != safe) {
      return absl::NotFoundError(absl::StrCat("'", path_, "' holds no '", name, "'"));
    }
    const auto& [archive, content] = contents_[static_cast<size_t>(found - names_.begin())];
    const auto* bytes = std::get_if<std::string>(&content);
    return bytes != nullptr ? absl::StatusOr<std::string>(*bytes)
                            : Unpack(std::get<Packed>(content), paths_[archive], safe);
  }

 private:
  absl::StatusOr<std::string> Unpack(const Packed& packed, const std::string& archive,
                                     const std::string& name) const {
    ASSIGN_OR_RETURN(std::string bytes, files_->ReadRange(archive, packed.offset, packed.room));
    if (packed.deflated) {
      bytes = Inflate(bytes, static_cast<size_t>(packed.size));
    }
    if (std::ssize(bytes) != packed.size) {
      return absl::DataLossError(
          absl::StrCat("'", name, "' of the archive '", archive,
                       "' is damaged, or the archive was changed since it was opened"));
    }
    return bytes;
  }

  std::string path_;
  std::shared_ptr<const Files> files_;
  std::vector<std::string> paths_;                    // of archives
  std::vector<std::string> names_;                    // sorted
  std::vector<std::pair<size_t, Content>> contents_;  // beside them: the archive, and what is there
  std::vector<Unlisted> others_;
};

}  // namespace

std::unique_ptr<Source> MakeArchiveSource(std::string path, std::vector<Archive> archives,
                                          std::shared_ptr<const Files> files) {
  return std::make_unique<ArchiveSource>(std::move(path), std::move(archives), std::move(files));
}

}  // namespace tessera
