#include "data/webdataset.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/captioned_rows.h"
#include "data/file_names.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

struct Sample {
  std::vector<std::string> pictures;
  std::map<std::string, std::string> texts;  // by what follows the dot, in small letters
};

// By the names up to the first dot behind the last '/'.
std::map<std::string, Sample> SamplesOf(const Source& source) {
  std::map<std::string, Sample> samples;
  for (const std::string& name : source.Names()) {
    const size_t dot = name.find('.', FolderPrefix(name).size());
    if (dot == name.npos || IsHidden(name)) {
      continue;
    }
    Sample& sample = samples[name.substr(0, dot)];
    if (IsPicture(name)) {
      sample.pictures.push_back(name);
    } else {
      sample.texts[absl::AsciiStrToLower(name.substr(dot + 1))] = name;
    }
  }
  std::erase_if(samples, [](const auto& keyed) {
    const auto& [pictures, texts] = keyed.second;
    return pictures.empty() && !texts.contains("txt") && !texts.contains("caption") &&
           !texts.contains("json") && !texts.contains("cls");
  });
  return samples;
}

class Reader {
 public:
  Reader(const Source& source, BadData& bad) : source_(source), bad_(bad) {}

  // Adds the sample without a text if it has none.
  absl::Status Add(const std::string& key, const Sample& sample) {
    rows_.read.insert(sample.pictures.begin(), sample.pictures.end());
    DocumentRow row{Quoted(source_, key), HashBytes(key), SplitOfFolder(key), {}};
    const absl::Status status = Fill(sample, &row);
    if (!status.ok()) {
      return bad_.Report(At(row.where, status));
    }
    rows_.rows.push_back(std::move(row));
    return absl::OkStatus();
  }

  absl::StatusOr<Rows> Finish(const std::string& caption) {
    const auto has_text = [](const DocumentRow& row) { return row.segments.size() > 1; };
    const auto has_label = [](const DocumentRow& row) { return !row.label.empty(); };
    if (std::ranges::any_of(rows_.rows, has_text)) {
      RETURN_IF_ERROR(Require(has_text, "no text, as the others have"));
      for (DocumentRow& row : rows_.rows) {
        row.label.clear();
      }
    } else if (caption.empty()) {
      for (DocumentRow& row : rows_.rows) {
        row.label.clear();
      }
    } else if (std::ranges::any_of(rows_.rows, has_label)) {
      RETURN_IF_ERROR(Require(has_label, "no .cls, as the others have"));
      RETURN_IF_ERROR(CaptionByLabel(caption, bad_, &rows_.rows));
    }
    return std::move(rows_);
  }

 private:
  absl::Status Fill(const Sample& sample, DocumentRow* row) {
    if (sample.pictures.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the sample has ", sample.pictures.empty() ? "no picture" : "several pictures"));
    }
    ASSIGN_OR_RETURN(const std::optional<std::string> text, TextOf(sample));
    if (text) {
      RETURN_IF_ERROR(CheckText(*text));
      row->segments.emplace_back(*text);
    }
    if (const auto label = sample.texts.find("cls"); label != sample.texts.end()) {
      ASSIGN_OR_RETURN(row->label, Read(label->second));
    }
    row->segments.emplace_back(PictureName{sample.pictures.front()});
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> TextOf(const Sample& sample) {
    for (const char* field : {"txt", "caption"}) {
      if (const auto name = sample.texts.find(field); name != sample.texts.end()) {
        return Read(name->second);
      }
    }
    const auto name = sample.texts.find("json");
    if (name == sample.texts.end()) {
      return std::nullopt;
    }
    ASSIGN_OR_RETURN(const std::string text, Read(name->second));
    absl::StatusOr<Json> json = ParseJson(text);
    if (!json.ok()) {
      return At(absl::StrCat("'", name->second, "'"), json.status());
    }
    for (const char* key : {"text", "caption"}) {
      if (const Json* value = json->Find(key); value != nullptr && value->AsString() != nullptr) {
        return *value->AsString();
      }
    }
    return std::nullopt;
  }

  absl::StatusOr<std::string> Read(const std::string& name) {
    rows_.read.insert(name);
    ASSIGN_OR_RETURN(const std::string bytes, source_.Read(name));
    absl::StatusOr<std::string_view> text = TextOfFile(bytes);
    absl::Status status = text.ok() ? CheckText(*text) : text.status();
    return status.ok() ? absl::StatusOr<std::string>(std::string(Trim(*text)))
                       : At(absl::StrCat("'", name, "'"), status);
  }

  // Leaves out the rows that lack what others have.
  template <class Has>
  absl::Status Require(const Has& has, const char* lacks) {
    std::vector<DocumentRow> kept;
    for (DocumentRow& row : rows_.rows) {
      if (has(row)) {
        kept.push_back(std::move(row));
      } else {
        RETURN_IF_ERROR(bad_.Report(
            At(row.where, absl::NotFoundError(absl::StrCat("the sample has ", lacks)))));
      }
    }
    rows_.rows = std::move(kept);
    return absl::OkStatus();
  }

  const Source& source_;
  BadData& bad_;
  Rows rows_;
};

}  // namespace

absl::StatusOr<Rows> ReadWebDataset(const Source& source, const std::string& caption,
                                    BadData& bad) {
  Reader reader(source, bad);
  for (const auto& [key, sample] : SamplesOf(source)) {
    RETURN_IF_ERROR(reader.Add(key, sample));
  }
  return reader.Finish(caption);
}

}  // namespace tessera
