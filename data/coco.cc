#include <map>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/captioned_rows.h"
#include "data/file_names.h"
#include "data/lists.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

std::string Base(const std::string& name) { return name.substr(FolderPrefix(name).size()); }

class CocoReader {
 public:
  explicit CocoReader(const Source& source) : source_(source) {
    for (const std::string& name : source.Names()) {
      if (IsPicture(name)) {
        by_base_.emplace(Base(name), name);
      }
    }
  }

  absl::Status Read(const std::string& list, BadData& bad, Rows* rows) {
    ASSIGN_OR_RETURN(const std::string bytes, source_.Read(list));
    const absl::StatusOr<Json> json = ParseJson(bytes);
    if (!json.ok()) {
      return At(Quoted(source_, list), json.status());
    }
    const Json *images = json->Find("images"), *annotations = json->Find("annotations");
    if (images == nullptr || images->AsArray() == nullptr || annotations == nullptr ||
        annotations->AsArray() == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(Quoted(source_, list), " has no lists \"images\" and \"annotations\""));
    }
    const std::map<int64_t, const Json*> by_id = ById(*images->AsArray());
    int64_t number = 0;
    for (const Json& annotation : *annotations->AsArray()) {
      const std::string where = absl::StrCat(Quoted(source_, list), " annotation ", ++number);
      absl::StatusOr<DocumentRow> row = Row(list, where, annotation, by_id);
      if (row.ok()) {
        rows->rows.push_back(*std::move(row));
      } else {
        RETURN_IF_ERROR(bad.Report(At(where, row.status())));
      }
    }
    for (const DocumentRow& row : rows->rows) {
      rows->read.insert(std::get<PictureName>(row.segments.back()).name);
    }
    return absl::OkStatus();
  }

 private:
  static std::map<int64_t, const Json*> ById(const JsonArray& images) {
    std::map<int64_t, const Json*> by_id;
    for (const Json& image : images) {
      const Json* id = image.Find("id");
      if (const int64_t* number = id != nullptr ? std::get_if<int64_t>(&id->value) : nullptr) {
        by_id[*number] = &image;
      }
    }
    return by_id;
  }

  absl::StatusOr<DocumentRow> Row(const std::string& list, const std::string& where,
                                  const Json& annotation,
                                  const std::map<int64_t, const Json*>& by_id) const {
    if (annotation.AsObject() == nullptr) {
      return absl::InvalidArgumentError("not a JSON object");
    }
    const Json* id = annotation.Find("image_id");
    const int64_t* number = id != nullptr ? std::get_if<int64_t>(&id->value) : nullptr;
    const auto image = number != nullptr ? by_id.find(*number) : by_id.end();
    if (image == by_id.end()) {
      return absl::NotFoundError("its \"image_id\" is that of no image");
    }
    ASSIGN_OR_RETURN(const std::string file_name, RequiredString(*image->second, "file_name"));
    ASSIGN_OR_RETURN(const std::string caption, RequiredString(annotation, "caption"));
    const std::string text(Trim(caption));
    RETURN_IF_ERROR(CheckText(text));
    ASSIGN_OR_RETURN(const std::string picture, Find(file_name));
    std::optional<NamedSplit> split = SplitOfFolder(list + "/");
    return DocumentRow{where,
                       HashBytes(picture),
                       split ? split : SplitOfFolder(picture),
                       {text, PictureName{picture}}};
  }

  // The picture of that name in whatever folder; the name may say a part of the way.
  absl::StatusOr<std::string> Find(const std::string& file_name) const {
    if (source_.Has(file_name)) {
      return file_name;
    }
    const auto [first, last] = by_base_.equal_range(Base(file_name));
    if (first == last) {
      return absl::NotFoundError(absl::StrCat("'", file_name, "' is missing"));
    }
    if (std::next(first) != last) {
      return absl::InvalidArgumentError(absl::StrCat("'", file_name, "' may be '", first->second,
                                                     "' or '", std::next(first)->second, "'"));
    }
    return first->second;
  }

  const Source& source_;
  std::multimap<std::string, std::string> by_base_;
};

}  // namespace

absl::StatusOr<Rows> ReadCoco(const Lists& lists, BadData& bad) {
  CocoReader reader(*lists.source);
  Rows rows;
  for (const std::string& name : lists.names) {
    if (LowerBase(name).starts_with("captions")) {
      rows.read.insert(name);
      RETURN_IF_ERROR(reader.Read(name, bad, &rows));
    }
  }
  if (rows.read.empty()) {
    return absl::NotFoundError(
        absl::StrCat("'", lists.source->path(), "' holds no captions_*.json"));
  }
  return rows;
}

}  // namespace tessera
