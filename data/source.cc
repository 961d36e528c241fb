#include "data/source.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/archive.h"

namespace tessera {
namespace {

class FolderSource : public Source {
 public:
  FolderSource(std::string path, std::vector<std::string> names, std::shared_ptr<const Files> files)
      : path_(std::move(path)), names_(std::move(names)), files_(std::move(files)) {}

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& Names() const override { return names_; }
  absl::StatusOr<std::string> Read(const std::string& name) const override {
    ASSIGN_OR_RETURN(const std::string safe, SafeName(name));
    return files_->Read(JoinPath(path_, safe));
  }

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::shared_ptr<const Files> files_;
};

}  // namespace

bool Source::Has(const std::string& name) const {
  return std::ranges::binary_search(Names(), name);
}

absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                                   std::shared_ptr<const Files> files,
                                                   BadData& bad) {
  if (path.empty()) {
    return absl::InvalidArgumentError("data.path is empty; name a folder, .tar, .tar.gz or .zip");
  }
  ASSIGN_OR_RETURN(const PathKind kind, files->Kind(path));
  if (kind == PathKind::kFolder) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, files->ListTree(path));
    return std::make_unique<FolderSource>(path, std::move(names), std::move(files));
  }
  const absl::StatusOr<std::string> bytes = files->Read(path);
  if (absl::IsNotFound(bytes.status()) && std::filesystem::path(path).is_relative()) {
    return absl::NotFoundError(absl::StrCat(std::string(bytes.status().message()),
                                            "; data.path counts from the working folder, '",
                                            std::filesystem::current_path().string(), "'"));
  }
  RETURN_IF_ERROR(bytes.status());
  return OpenArchive(path, *bytes, bad);
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
    if (std::ranges::find(bases, name.substr(FolderPrefix(name).size())) != bases.end()) {
      found.push_back(name);
    }
  }
  return found;
}

std::string FolderPrefix(const std::string& name) {
  return name.substr(0, name.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace tessera
