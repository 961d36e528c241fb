#include "data/source.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/archive.h"
#include "data/file_names.h"

namespace tessera {
namespace {

class FolderSource : public Source {
 public:
  FolderSource(std::string path, Tree tree, std::shared_ptr<const Files> files)
      : path_(std::move(path)), names_(std::move(tree.files)), files_(std::move(files)) {
    for (std::string& name : tree.links_upwards) {
      others_.push_back({std::move(name), "links to a folder that they stand in"});
    }
    for (std::string& name : tree.others) {
      others_.push_back({std::move(name), kNoFile});
    }
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& Names() const override { return names_; }
  const std::vector<Unlisted>& Others() const override { return others_; }
  absl::StatusOr<std::string> Read(const std::string& name) const override {
    ASSIGN_OR_RETURN(const std::string safe, SafeName(name));
    return files_->Read(JoinPath(path_, safe));
  }

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::vector<Unlisted> others_;
  std::shared_ptr<const Files> files_;
};

absl::StatusOr<std::unique_ptr<Source>> OpenFolder(const std::string& path,
                                                   std::shared_ptr<const Files> files,
                                                   BadData& bad) {
  ASSIGN_OR_RETURN(Tree tree, files->ListTree(path));
  for (const std::string& name : tree.dead_links) {
    if (!IsHidden(name)) {
      RETURN_IF_ERROR(bad.Report(
          absl::NotFoundError(absl::StrCat("'", JoinPath(path, name), "' is a link to nothing"))));
    }
  }
  for (const auto& [name, problem] : tree.unreadable) {
    if (!IsHidden(name)) {
      RETURN_IF_ERROR(bad.Report(problem));
    }
  }
  return std::make_unique<FolderSource>(path, std::move(tree), std::move(files));
}

// The picture and what may be its caption.
absl::StatusOr<std::unique_ptr<Source>> OpenPicture(const std::filesystem::path& path,
                                                    std::shared_ptr<const Files> files) {
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  const std::string picture = path.filename().string();
  ASSIGN_OR_RETURN(std::vector<std::string> names, files->List(folder));
  const CaptionFinder captions(names);
  const std::vector<std::string> own = captions.Of(picture);
  std::erase_if(names, [&](const std::string& name) {
    return name != picture && std::ranges::find(own, name) == own.end();
  });
  return std::make_unique<FolderSource>(folder, Tree{.files = std::move(names)}, std::move(files));
}

// Why there is no file, and what may have been meant.
absl::Status Missing(const std::string& path, const Files& files) {
  const absl::Status status = files.Read(path).status();
  return absl::IsNotFound(status) && std::filesystem::path(path).is_relative()
             ? absl::NotFoundError(absl::StrCat(status.message(),
                                                "; data.path counts from the working folder, '",
                                                std::filesystem::current_path().string(), "'"))
             : status;
}

}  // namespace

bool Source::Has(const std::string& name) const {
  return std::ranges::binary_search(Names(), name);
}

absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                                   std::shared_ptr<const Files> files,
                                                   BadData& bad) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "data.path is empty; name a folder, .tar, .tar.gz, .zip or picture");
  }
  ASSIGN_OR_RETURN(const PathKind kind, files->Kind(path));
  if (kind == PathKind::kFolder) {
    return OpenFolder(path, std::move(files), bad);
  }
  if (kind == PathKind::kOther) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' is a FIFO, a socket or a device; name a folder, an archive or a picture"));
  }
  if (kind == PathKind::kFile && IsPicture(path)) {
    return OpenPicture(path, std::move(files));
  }
  if (kind == PathKind::kFile && KindOf(path) == FileKind::kRows) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return OpenFolder(folder.empty() ? "." : folder, std::move(files), bad);
  }
  if (const FileKind named = KindOf(path);
      kind == PathKind::kFile && (named == FileKind::kCaption || named == FileKind::kCaptionLike)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' is no data set: rows are read from files that are named metadata.jsonl, ",
        "metadata.csv or docs.jsonl, captions from beside their pictures"));
  }
  if (kind == PathKind::kNone) {
    return Missing(path, *files);
  }
  ASSIGN_OR_RETURN(ArchiveContents contents, ListArchive(path, *files, bad));
  std::vector<Archive> archives = {{path, "", std::move(contents)}};
  return MakeArchiveSource(path, std::move(archives), std::move(files));
}

absl::StatusOr<std::string> SafeName(const std::string& name) {
  const std::filesystem::path normal = std::filesystem::path(name).lexically_normal();
  if (name.empty() || name.find('\0') != name.npos || !normal.has_filename() || normal == ".") {
    return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not the name of a file"));
  }
  if (normal.is_absolute() || *normal.begin() == "..") {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' leads out of the folder; names must be relative to it"));
  }
  return normal.string();
}

std::vector<std::string> FilesNamed(const Source& source, const std::vector<std::string>& bases) {
  std::vector<std::string> found;
  for (const std::string& name : source.Names()) {
    if (!IsHidden(name) && std::ranges::find(bases, LowerBase(name)) != bases.end()) {
      found.push_back(name);
    }
  }
  return found;
}

std::string FolderPrefix(const std::string& name) {
  return name.substr(0, name.rfind('/') + 1);  // npos + 1 is 0
}

std::string Quoted(const Source& source, const std::string& name) {
  return absl::StrCat("'", JoinPath(source.path(), name), "'");
}

}  // namespace tessera
