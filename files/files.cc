#include "files/files.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/suggest.h"
#include "ops/hash.h"

namespace tessera {
namespace {

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Files::Files(RetryPolicy policy, std::shared_ptr<const FileSystem> system, RetryHooks hooks)
    : policy_(policy), system_(std::move(system)), hooks_(std::move(hooks)) {}

// The path seeds the jitter: threads that fail together do not come back together.
template <class Attempt>
auto Files::Try(const std::string& path, Attempt&& attempt) const {
  RetryPolicy policy = policy_;
  policy.seed ^= static_cast<int64_t>(HashBytes(path));
  return Retry(policy, hooks_, std::forward<Attempt>(attempt));
}

absl::StatusOr<PathKind> Files::Kind(const std::string& path) const {
  return Try(path, [&] { return system_->Kind(path); });
}

absl::StatusOr<FileBytes> FileSystem::Map(const std::string& path) const {
  ASSIGN_OR_RETURN(std::string bytes, Read(path));
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  return FileBytes{*owner, owner};
}

// An error that nothing is there, with the path that may have been meant.
template <class Result>
Result Files::WithSimilarPath(Result result, const std::string& path) const {
  const std::string meant = absl::IsNotFound(result.status()) ? SimilarPath(path) : "";
  return meant.empty() ? result
                       : absl::NotFoundError(absl::StrCat(result.status().message(),
                                                          "; did you mean '", meant, "'?"));
}

absl::StatusOr<std::string> Files::ReadRange(const std::string& path, int64_t offset,
                                             int64_t size) const {
  return Try(path, [&] { return system_->ReadRange(path, offset, size); });
}

absl::StatusOr<FileStamp> Files::Stamp(const std::string& path) const {
  return Try(path, [&] { return system_->Stamp(path); });
}

absl::StatusOr<std::string> Files::Read(const std::string& path) const {
  return WithSimilarPath(Try(path, [&] { return system_->Read(path); }), path);
}

absl::StatusOr<FileBytes> Files::Map(const std::string& path) const {
  return WithSimilarPath(Try(path, [&] { return system_->Map(path); }), path);
}

std::string Files::SimilarPath(const std::string& path) const {
  const std::filesystem::path parts(path);
  std::string folder = parts.parent_path().string();
  const bool missing = !folder.empty() && Kind(folder).value_or(PathKind::kNone) == PathKind::kNone;
  if (missing && (folder = SimilarPath(folder)).empty()) {
    return "";
  }
  const absl::StatusOr<std::vector<std::string>> names = List(folder.empty() ? "." : folder);
  const std::string name = names.ok() ? Similar(parts.filename().string(), *names) : "";
  return name.empty() ? "" : JoinPath(folder, name);
}

absl::Status Files::Write(const std::string& path, std::string_view bytes) const {
  return Try(path, [&] { return system_->Write(path, bytes); });
}

absl::Status Files::Append(const std::string& path, std::string_view bytes) const {
  return Try(path, [&] { return system_->Append(path, bytes); });
}

absl::StatusOr<std::vector<std::string>> Files::List(const std::string& folder) const {
  ASSIGN_OR_RETURN(std::vector<std::string> names,
                   Try(folder, [&] { return system_->List(folder); }));
  std::ranges::sort(names);
  return names;
}

// A folder that waits to be listed, with the places that lead to it, itself last.
struct Files::Pending {
  std::string path;
  std::vector<std::string> places;
};

absl::StatusOr<Tree> Files::ListTree(const std::string& folder) const {
  Tree tree;
  std::vector<Pending> pending = {{"", {}}};
  while (!pending.empty()) {
    const Pending next = std::move(pending.back());
    pending.pop_back();
    const absl::Status listed = ListInto(folder, next, &tree, &pending);
    if (!listed.ok() && (next.path.empty() || IsTransient(listed))) {
      return listed;
    }
    if (!listed.ok()) {
      tree.unreadable.emplace_back(next.path, listed);
    }
  }
  for (auto* paths : {&tree.files, &tree.dead_links, &tree.links_upwards, &tree.others}) {
    std::ranges::sort(*paths);
  }
  std::ranges::sort(tree.unreadable, {}, &std::pair<std::string, absl::Status>::first);
  return tree;
}

absl::Status Files::ListInto(const std::string& folder, Pending next, Tree* tree,
                             std::vector<Pending>* pending) const {
  const std::string whole = JoinPath(folder, next.path);
  ASSIGN_OR_RETURN(std::string place, Try(whole, [&] { return system_->Resolve(whole); }));
  if (std::ranges::find(next.places, place) != next.places.end()) {
    tree->links_upwards.push_back(next.path);
    return absl::OkStatus();
  }
  next.places.push_back(std::move(place));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, List(whole));
  for (const std::string& name : names) {
    const std::string path = JoinPath(next.path, name);
    const absl::StatusOr<PathKind> kind = Kind(JoinPath(folder, path));
    if (!kind.ok()) {
      if (IsTransient(kind.status())) {
        return kind.status();
      }
      tree->unreadable.emplace_back(path, kind.status());
    } else if (*kind == PathKind::kFolder) {
      pending->push_back({path, next.places});
    } else {
      (*kind == PathKind::kFile    ? tree->files
       : *kind == PathKind::kOther ? tree->others
                                   : tree->dead_links)
          .push_back(path);
    }
  }
  return absl::OkStatus();
}

absl::Status Files::MakeFolder(const std::string& path) const {
  return Try(path, [&] { return system_->MakeFolder(path); });
}

absl::Status Files::Rename(const std::string& from, const std::string& to) const {
  // Two operations, each with its own tries: a rename that succeeded cannot be repeated.
  RETURN_IF_ERROR(Try(to, [&] { return system_->Rename(from, to); }));
  return Try(to, [&] { return system_->Sync(FolderOf(to)); });
}

absl::Status Files::Remove(const std::string& path) const {
  return Try(path, [&] { return system_->Remove(path); });
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty() || name.starts_with('/')) {
    return std::string(name);
  }
  if (name.empty()) {
    return std::string(folder);
  }
  return absl::StrCat(std::string(folder), folder.ends_with('/') ? "" : "/", std::string(name));
}

}  // namespace tessera
