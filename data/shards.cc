#include "data/shards.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/status.h"
#include "data/archive.h"
#include "data/archive_index.h"
#include "data/archive_reader.h"
#include "data/file_names.h"

namespace tessera {
namespace {

constexpr int64_t kMostShards = 1'000'000;

std::optional<int64_t> Number(std::string_view digits) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() && number >= 0
             ? std::optional(number)
             : std::nullopt;
}

// What stands for "{inside}".
absl::StatusOr<std::vector<std::string>> Choices(std::string_view inside) {
  const size_t dots = inside.find("..");
  if (dots == inside.npos) {
    return std::vector<std::string>(absl::StrSplit(std::string(inside), ','));
  }
  const std::string_view low = inside.substr(0, dots), high = inside.substr(dots + 2);
  const std::optional<int64_t> first = Number(low), last = Number(high);
  if (!first || !last || *last < *first || *last - *first >= kMostShards) {
    return absl::InvalidArgumentError(
        absl::StrCat("'{", std::string(inside), "}' is no range of numbers such as {000..127}"));
  }
  const bool padded = low.starts_with('0') || high.starts_with('0');
  const int width = padded ? static_cast<int>(std::max(low.size(), high.size())) : 1;
  std::vector<std::string> numbers;
  for (int64_t i = *first; i <= *last; ++i) {
    numbers.push_back(absl::StrFormat("%0*d", width, i));
  }
  return numbers;
}

absl::Status Expand(const std::string& path, std::vector<std::string>* expanded) {
  const size_t open = path.find('{'), close = path.find('}', open);
  if (open == path.npos) {
    expanded->push_back(path);
    return std::ssize(*expanded) <= kMostShards
               ? absl::OkStatus()
               : absl::InvalidArgumentError(
                     absl::StrCat("'", path, "' is one of more than ", kMostShards, " shards"));
  }
  if (close == path.npos) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' opens a '{' and has no '}'"));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> choices,
                   Choices(std::string_view(path).substr(open + 1, close - open - 1)));
  for (const std::string& choice : choices) {
    RETURN_IF_ERROR(
        Expand(absl::StrCat(path.substr(0, open), choice, path.substr(close + 1)), expanded));
  }
  return absl::OkStatus();
}

constexpr std::array kCompressed = {".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz"};

bool EndsIn(const std::string& name, const auto& endings) {
  return std::ranges::any_of(
      endings, [&](const auto& ending) { return absl::EndsWithIgnoreCase(name, ending); });
}

absl::StatusOr<Shards> ShardsInFolder(const std::string& folder,
                                      const std::vector<std::string>& endings, const Files& files) {
  ASSIGN_OR_RETURN(const Tree tree, files.ListTree(folder));
  Shards shards{folder, {}};
  for (const std::string& name : tree.files) {
    if (!IsHidden(name) && EndsIn(name, endings)) {
      shards.names.push_back(name);
    } else {
      shards.others.push_back({name, "files that are no shards"});
    }
  }
  return shards.names.empty()
             ? absl::StatusOr<Shards>(absl::NotFoundError(absl::StrCat(
                   "'", folder, "' holds no shard, a file that ends in ", endings.front())))
             : shards;
}

// The folder that all paths begin with, and the rest of each.
Shards WithoutCommonFolder(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  const std::string &first = paths.front(), &last = paths.back();
  const auto differ = std::ranges::mismatch(first, last).in1;
  const size_t common =
      paths.size() == 1 ? first.size() : static_cast<size_t>(differ - first.begin());
  const std::string folder = FolderPrefix(first.substr(0, common));
  for (std::string& path : paths) {
    path.erase(0, folder.size());
  }
  return {folder, std::move(paths)};
}

// A file of a compressed shard lies behind all those before it, and documents are asked for in any
// order: so the shard is unpacked once, beside the index. Its size and time in the name tell a
// shard that has changed.
absl::StatusOr<std::string> Unpacked(const std::string& shard, const std::string& name,
                                     const std::string& index, const Files& files) {
  if (index.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the shard '", shard,
                     "' is compressed, and its files cannot be read in any order; set data.index, "
                     "beside which it is unpacked, or unpack it yourself"));
  }
  ASSIGN_OR_RETURN(const FileStamp stamp, files.Stamp(shard));
  const std::string path =
      absl::StrCat(index, ".unpacked/", name, "-", stamp.bytes, "-", stamp.modified, ".tar");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  if (kind == PathKind::kNone) {
    ASSIGN_OR_RETURN(const std::string bytes, Decompress(shard, files, kMostHeld));
    RETURN_IF_ERROR(files.MakeFolder(std::filesystem::path(path).parent_path().string()));
    RETURN_IF_ERROR(files.Write(path, bytes));
  }
  return path;
}

}  // namespace

bool IsPattern(const std::string& path) {
  return path.find('{') != path.npos || path.find("::") != path.npos;
}

absl::StatusOr<std::vector<std::string>> ExpandBraces(const std::string& path) {
  std::vector<std::string> expanded;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(path, "::"))) {
    RETURN_IF_ERROR(Expand(part, &expanded));
  }
  return expanded;
}

absl::StatusOr<Shards> FindShards(const std::string& path, const std::vector<std::string>& endings,
                                  const Files& files) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.path is empty; name a folder of shards, a ", endings.front(),
                     " or several, as a-{000..127}", endings.front()));
  }
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  if (kind == PathKind::kFolder) {
    return ShardsInFolder(path, endings, files);
  }
  std::vector<std::string> paths = {path};
  if (kind == PathKind::kNone) {
    ASSIGN_OR_RETURN(paths, ExpandBraces(path));
  }
  for (std::string& shard : paths) {
    shard = std::filesystem::path(shard).lexically_normal().string();
    RETURN_IF_ERROR(files.Stamp(shard).status());
  }
  std::ranges::sort(paths);
  if (const auto twice = std::ranges::adjacent_find(paths); twice != paths.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.path names the shard '", *twice, "' twice"));
  }
  return WithoutCommonFolder(std::move(paths));
}

absl::StatusOr<std::unique_ptr<Source>> OpenTarShards(const DataConfig& config,
                                                      const std::shared_ptr<const Files>& files,
                                                      BadData& bad) {
  std::vector<std::string> endings = {".tar"};
  endings.insert(endings.end(), kCompressed.begin(), kCompressed.end());
  ASSIGN_OR_RETURN(Shards shards, FindShards(config.path, endings, *files));
  ASSIGN_OR_RETURN(ArchiveIndex index, ArchiveIndex::Open(config.index, files));
  std::vector<Archive> archives;
  for (const std::string& name : shards.names) {
    std::string path = JoinPath(shards.folder, name);
    if (EndsIn(name, kCompressed)) {
      ASSIGN_OR_RETURN(path, Unpacked(path, name, config.index, *files));
    }
    ASSIGN_OR_RETURN(ArchiveContents contents, index.List(path, bad));
    archives.push_back({path, name + "/", std::move(contents)});
  }
  RETURN_IF_ERROR(index.Save());
  archives.push_back({"", "", {.files = {}, .others = std::move(shards.others)}});
  return MakeArchiveSource(shards.folder, std::move(archives), files);
}

}  // namespace tessera
