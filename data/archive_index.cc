#include "data/archive_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/status.h"
#include "data/text/text_check.h"
#include "files/json.h"

namespace tessera {
namespace {

// [name, text] for a file that is held, [name, offset, size] for one that stands in the archive as
// it is, and [name, offset, size, room] for a deflated one.
Json ToJson(const std::string& name, const Content& content) {
  if (const auto* bytes = std::get_if<std::string>(&content)) {
    return {JsonArray{{name}, {*bytes}}};
  }
  const Packed& packed = std::get<Packed>(content);
  JsonArray file = {{name}, {packed.offset}, {packed.size}};
  if (packed.deflated) {
    file.push_back({packed.room});
  }
  return {std::move(file)};
}

// These return false if the JSON has another form.
bool WholeNumber(const Json* json, int64_t* number) {
  const int64_t* found = json != nullptr ? std::get_if<int64_t>(&json->value) : nullptr;
  *number = found != nullptr ? *found : -1;
  return *number >= 0;
}

bool FileFromJson(const Json& json, ArchiveContents* contents) {
  const JsonArray* file = json.AsArray();
  if (file == nullptr || file->size() < 2 || file->size() > 4 ||
      file->front().AsString() == nullptr) {
    return false;
  }
  Content& content = contents->files[*file->front().AsString()];
  if (const std::string* bytes = (*file)[1].AsString()) {
    content = *bytes;
    return true;
  }
  Packed packed{.deflated = file->size() == 4};
  const bool good = file->size() > 2 && WholeNumber(&(*file)[1], &packed.offset) &&
                    WholeNumber(&(*file)[2], &packed.size) &&
                    WholeNumber(&file->back(), &packed.room);
  content = packed;
  return good;
}

bool OtherFromJson(const Json& json, ArchiveContents* contents) {
  const Json *name = json.Find("name"), *reason = json.Find("reason");
  if (name == nullptr || name->AsString() == nullptr || reason == nullptr ||
      reason->AsString() == nullptr) {
    return false;
  }
  contents->others.push_back({*name->AsString(), *reason->AsString()});
  return true;
}

bool FromJson(const Json& json, ArchiveContents* contents) {
  const auto all = [&](const char* key, const auto& from_json) {
    const Json* list = json.Find(key);
    return list != nullptr && list->AsArray() != nullptr &&
           std::ranges::all_of(*list->AsArray(),
                               [&](const Json& item) { return from_json(item, contents); });
  };
  return all("files", FileFromJson) && all("others", OtherFromJson);
}

bool IsUtf8(const ArchiveContents& contents) {
  const auto valid = [](std::string_view text) { return !FirstInvalidUtf8(text).has_value(); };
  return std::ranges::all_of(contents.files,
                             [&](const auto& file) {
                               const auto* bytes = std::get_if<std::string>(&file.second);
                               return valid(file.first) && (bytes == nullptr || valid(*bytes));
                             }) &&
         std::ranges::all_of(contents.others,
                             [&](const Unlisted& other) { return valid(other.name); });
}

}  // namespace

absl::StatusOr<ArchiveIndex> ArchiveIndex::Open(std::string path,
                                                std::shared_ptr<const Files> files) {
  ArchiveIndex index(std::move(path), std::move(files));
  if (index.path_.empty()) {
    return index;
  }
  const absl::StatusOr<std::string> text = index.files_->Read(index.path_);
  if (absl::IsNotFound(text.status())) {
    return index;
  }
  RETURN_IF_ERROR(text.status());
  RETURN_IF_ERROR(index.Parse(*text));
  return index;
}

absl::Status ArchiveIndex::Parse(const std::string& text) {
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(text, '\n', absl::SkipEmpty()))) {
    const absl::StatusOr<Json> json = ParseJson(line);
    const Json* archive = json.ok() ? json->Find("archive") : nullptr;
    Known known;
    if (archive == nullptr || archive->AsString() == nullptr ||
        !WholeNumber(json->Find("bytes"), &known.stamp.bytes) ||
        !WholeNumber(json->Find("modified"), &known.stamp.modified) ||
        !FromJson(*json, &known.contents)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", path_, "' is no index of shards; remove it, or name another file in data.index"));
    }
    known_[*archive->AsString()] = std::move(known);
  }
  return absl::OkStatus();
}

absl::StatusOr<ArchiveContents> ArchiveIndex::List(const std::string& archive, BadData& bad) {
  ASSIGN_OR_RETURN(const FileStamp stamp, files_->Stamp(archive));
  if (const auto found = known_.find(archive);
      found != known_.end() && found->second.stamp == stamp) {
    return found->second.contents;
  }
  const size_t problems = bad.problems().size();
  ASSIGN_OR_RETURN(ArchiveContents contents, ListArchive(archive, *files_, bad));
  if (!path_.empty() && bad.problems().size() == problems && IsUtf8(contents)) {
    known_[archive] = {stamp, contents};
    changed_ = true;
  }
  return contents;
}

absl::Status ArchiveIndex::Save() const {
  if (!changed_) {
    return absl::OkStatus();
  }
  std::string text;
  for (const auto& [archive, known] : known_) {
    JsonArray files, others;
    for (const auto& [name, content] : known.contents.files) {
      files.push_back(ToJson(name, content));
    }
    for (const Unlisted& other : known.contents.others) {
      others.push_back({JsonObject{{"name", {other.name}}, {"reason", {other.reason}}}});
    }
    absl::StrAppend(&text,
                    DumpJson({JsonObject{{"archive", {archive}},
                                         {"bytes", {known.stamp.bytes}},
                                         {"modified", {known.stamp.modified}},
                                         {"files", {std::move(files)}},
                                         {"others", {std::move(others)}}}}),
                    "\n");
  }
  return files_->Write(path_, text);
}

}  // namespace tessera
