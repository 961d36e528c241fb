// OBELICS and MMC4: texts and pictures in the order of a web page, pictures by their local names.
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/lists.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

// The segments of a row, pictures by the names that are written there.
using ParseRow = std::function<absl::StatusOr<std::vector<NamedSegment>>(const Json&)>;

absl::StatusOr<const JsonArray*> ListNamed(const Json& row, const char* key) {
  const Json* list = row.Find(key);
  return list != nullptr && list->AsArray() != nullptr
             ? absl::StatusOr<const JsonArray*>(list->AsArray())
             : absl::InvalidArgumentError(absl::StrCat("there is no list \"", key, "\""));
}

absl::StatusOr<PictureName> LocalName(const std::string& name) {
  return absl::StrContains(name, "://")
             ? absl::StatusOr<PictureName>(absl::InvalidArgumentError(absl::StrCat(
                   "'", name, "' is a link; download the pictures and write their names")))
             : PictureName{name};
}

absl::Status AddText(const std::string& text, std::vector<NamedSegment>* segments) {
  RETURN_IF_ERROR(CheckText(text));
  segments->emplace_back(std::string(Trim(text)));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedSegment>> ParseObelics(const Json& row) {
  ASSIGN_OR_RETURN(const JsonArray* images, ListNamed(row, "images"));
  ASSIGN_OR_RETURN(const JsonArray* texts, ListNamed(row, "texts"));
  if (images->size() != texts->size()) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", images->size(), " \"images\" and ",
                                                   texts->size(),
                                                   " \"texts\", which must be as many"));
  }
  std::vector<NamedSegment> segments;
  for (size_t i = 0; i < images->size(); ++i) {
    const std::string *image = (*images)[i].AsString(), *text = (*texts)[i].AsString();
    if ((image != nullptr) == (text != nullptr)) {
      return absl::InvalidArgumentError(
          absl::StrCat("place ", i + 1, " must have either a picture or a text"));
    }
    if (text != nullptr) {
      RETURN_IF_ERROR(AddText(*text, &segments));
    } else {
      ASSIGN_OR_RETURN(PictureName picture, LocalName(*image));
      segments.emplace_back(std::move(picture));
    }
  }
  return segments;
}

// Pictures by the sentences that they match.
absl::StatusOr<std::multimap<int64_t, PictureName>> MatchedPictures(const Json& row,
                                                                    int64_t sentences) {
  ASSIGN_OR_RETURN(const JsonArray* infos, ListNamed(row, "image_info"));
  std::multimap<int64_t, PictureName> matched;
  for (const Json& info : *infos) {
    const Json *name = info.Find("image_name"), *index = info.Find("matched_text_index");
    const int64_t* at = index != nullptr ? std::get_if<int64_t>(&index->value) : nullptr;
    if (name == nullptr || name->AsString() == nullptr || at == nullptr || *at < 0 ||
        *at >= sentences) {
      return absl::InvalidArgumentError(
          "an item of \"image_info\" has no \"image_name\", or no \"matched_text_index\" of a "
          "text");
    }
    ASSIGN_OR_RETURN(PictureName picture, LocalName(*name->AsString()));
    matched.emplace(*at, std::move(picture));
  }
  return matched;
}

// Sentences between two pictures are one text.
absl::StatusOr<std::vector<NamedSegment>> ParseMmc4(const Json& row) {
  ASSIGN_OR_RETURN(const JsonArray* sentences, ListNamed(row, "text_list"));
  ASSIGN_OR_RETURN(const auto pictures, MatchedPictures(row, std::ssize(*sentences)));
  std::vector<NamedSegment> segments;
  std::string text;
  const auto end_text = [&] {
    const absl::Status status = text.empty() ? absl::OkStatus() : AddText(text, &segments);
    text.clear();
    return status;
  };
  for (int64_t i = 0; i < std::ssize(*sentences); ++i) {
    const std::string* sentence = (*sentences)[static_cast<size_t>(i)].AsString();
    if (sentence == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("\"text_list\" ", i, " is not a string"));
    }
    const auto [first, last] = pictures.equal_range(i);
    if (first != last) {
      RETURN_IF_ERROR(end_text());
    }
    for (auto picture = first; picture != last; ++picture) {
      segments.emplace_back(picture->second);
    }
    absl::StrAppend(&text, text.empty() ? "" : " ", *sentence);
  }
  RETURN_IF_ERROR(end_text());
  return segments;
}

absl::StatusOr<DocumentRow> ToRow(const Source& source, const std::string& list,
                                  const JsonLine& line, const ParseRow& parse,
                                  std::set<std::string>* read) {
  RETURN_IF_ERROR(line.json.status());
  DocumentRow row{line.where, HashBytes(DumpJson(*line.json)), SplitOfFolder(list + "/"), {}};
  ASSIGN_OR_RETURN(row.segments, parse(*line.json));
  if (row.segments.empty()) {
    return absl::InvalidArgumentError("there is neither a text nor a picture");
  }
  for (NamedSegment& segment : row.segments) {
    if (auto* picture = std::get_if<PictureName>(&segment)) {
      ASSIGN_OR_RETURN(*picture, FindPicture(source, list, picture->name, read));
    }
  }
  return row;
}

absl::StatusOr<Rows> ReadLists(const Lists& lists, const ParseRow& parse, BadData& bad) {
  Rows rows{.rows = {}, .read = {lists.names.begin(), lists.names.end()}};
  for (const std::string& name : lists.names) {
    ASSIGN_OR_RETURN(const std::vector<JsonLine> lines, ReadJsonLines(*lists.source, name));
    for (const JsonLine& line : lines) {
      absl::StatusOr<DocumentRow> row = ToRow(*lists.source, name, line, parse, &rows.read);
      if (row.ok()) {
        rows.rows.push_back(*std::move(row));
      } else {
        RETURN_IF_ERROR(bad.Report(At(line.where, row.status())));
      }
    }
  }
  return rows;
}

}  // namespace

absl::StatusOr<Rows> ReadObelics(const Lists& lists, BadData& bad) {
  return ReadLists(lists, ParseObelics, bad);
}

absl::StatusOr<Rows> ReadMmc4(const Lists& lists, BadData& bad) {
  return ReadLists(lists, ParseMmc4, bad);
}

}  // namespace tessera
