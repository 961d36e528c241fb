#include "data/convert.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/status.h"
#include "data/image/decoders.h"
#include "data/tar_writer.h"
#include "data/text/text_check.h"
#include "files/json.h"

namespace tessera {
namespace {

absl::StatusOr<std::string> EndingOf(std::string_view picture) {
  ASSIGN_OR_RETURN(const ImageFormat format, FormatOf(picture));
  switch (format) {
    case ImageFormat::kPng:
      return ".png";
    case ImageFormat::kJpeg:
      return ".jpg";
    case ImageFormat::kWebp:
      return ".webp";
    case ImageFormat::kBmp:
      return ".bmp";
    case ImageFormat::kTiff:
      return ".tif";
  }
  return absl::InternalError("unknown format of pictures");
}

// Writes the documents of one split into its folder.
class SplitWriter {
 public:
  SplitWriter(std::string folder, const ConvertOptions& options, const Files& files,
              Converted* converted)
      : folder_(std::move(folder)), options_(options), files_(files), converted_(*converted) {}

  absl::Status Add(const Dataset& dataset, int64_t index) {
    ASSIGN_OR_RETURN(const Document document, dataset.Outline(index));
    const std::string key = absl::StrFormat("%06d", index);
    absl::Status status = options_.form == DataForm::kDocuments
                              ? AddDocument(dataset, index, document, key)
                              : AddCaptioned(dataset, index, document, key);
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat(dataset.Where(index), ": ", status.message()));
    }
    ++converted_.documents;
    return std::ssize(shard_) > 0 && ++in_shard_ == options_.shard ? WriteShard()
                                                                   : absl::OkStatus();
  }

  absl::Status Finish() {
    if (!shard_.empty()) {
      RETURN_IF_ERROR(WriteShard());
    }
    const bool documents = options_.form == DataForm::kDocuments;
    return lines_.empty() ? absl::OkStatus()
                          : Write(documents ? "docs.jsonl" : "metadata.jsonl", lines_);
  }

 private:
  absl::Status Write(const std::string& name, std::string_view bytes) {
    ++converted_.files;
    return files_.Write(JoinPath(folder_, name), bytes);
  }

  absl::Status WriteShard() {
    ASSIGN_OR_RETURN(const std::string tar, WriteTar(shard_));
    shard_.clear();
    in_shard_ = 0;
    return Write(absl::StrFormat("%06d.tar", shards_++), tar);
  }

  // A picture with its name, which begins with the key.
  absl::StatusOr<NamedBytes> Picture(const Dataset& dataset, int64_t index, size_t segment,
                                     const std::string& key) {
    ASSIGN_OR_RETURN(std::string bytes, dataset.PictureFile(index, segment));
    ASSIGN_OR_RETURN(const std::string ending, EndingOf(bytes));
    ++converted_.pictures;
    return NamedBytes{key + ending, std::move(bytes)};
  }

  absl::Status AddDocument(const Dataset& dataset, int64_t index, const Document& document,
                           const std::string& key) {
    JsonArray segments;
    for (size_t i = 0; i < document.segments.size(); ++i) {
      JsonObject segment;
      if (const std::string* text = AsText(document.segments[i])) {
        segment = {{"type", {"text"}}, {"text", {*text}}};
      } else {
        ASSIGN_OR_RETURN(const NamedBytes picture,
                         Picture(dataset, index, i, absl::StrCat("images/", key, "_", i)));
        RETURN_IF_ERROR(Write(picture.first, picture.second));
        segment = {{"type", {"image"}}, {"file_name", {picture.first}}};
      }
      if (document.unscored.contains(i)) {
        segment.emplace_back("loss", Json{false});
      }
      segments.push_back({std::move(segment)});
    }
    absl::StrAppend(
        &lines_, DumpJson({JsonObject{{"id", {key}}, {"segments", {std::move(segments)}}}}), "\n");
    return absl::OkStatus();
  }

  absl::Status AddCaptioned(const Dataset& dataset, int64_t index, const Document& document,
                            const std::string& key) {
    const auto& segments = document.segments;
    const std::string* text = segments.size() == 2 ? AsText(segments[0]) : nullptr;
    if (!AsImage(segments.back()) || segments.size() != (text != nullptr ? 2 : 1) ||
        !document.unscored.empty()) {
      return absl::InvalidArgumentError(
          "the document is no picture with at most one text before it; --form documents holds "
          "any");
    }
    if (has_text_.value_or(text != nullptr) != (text != nullptr)) {
      return absl::InvalidArgumentError(
          "some documents have a text and some have none, which --form documents alone holds");
    }
    has_text_ = text != nullptr;
    ASSIGN_OR_RETURN(NamedBytes picture, Picture(dataset, index, segments.size() - 1, key));
    if (options_.form == DataForm::kWebDataset) {
      shard_.push_back(std::move(picture));
      if (text != nullptr && Trim(*text) == *text) {
        shard_.emplace_back(key + ".txt", *text);
      } else if (text != nullptr) {  // a .txt is read without white space at its ends
        shard_.emplace_back(key + ".json", DumpJson({JsonObject{{"text", {*text}}}}));
      }
      return absl::OkStatus();
    }
    if (text != nullptr) {
      absl::StrAppend(
          &lines_, DumpJson({JsonObject{{"file_name", {picture.first}}, {"text", {*text}}}}), "\n");
    }
    return Write(picture.first, picture.second);
  }

  const std::string folder_;
  const ConvertOptions& options_;
  const Files& files_;
  Converted& converted_;
  std::string lines_;
  std::vector<NamedBytes> shard_;
  int64_t in_shard_ = 0, shards_ = 0;
  std::optional<bool> has_text_;  // every document, or none
};

absl::StatusOr<Converted> WriteSplits(const std::vector<SplitToWrite>& splits,
                                      const std::string& folder, const ConvertOptions& options,
                                      const Files& files) {
  int64_t all = 0;
  for (const SplitToWrite& split : splits) {
    all += split.dataset->size();
  }
  if (all == 0) {
    return absl::NotFoundError("there is no document to write");
  }
  Converted converted;
  for (const auto& [name, dataset] : splits) {
    SplitWriter writer(JoinPath(folder, name), options, files, &converted);
    const std::string below = options.form == DataForm::kDocuments ? "/images" : "";
    if (dataset->size() > 0) {
      RETURN_IF_ERROR(files.MakeFolder(JoinPath(folder, name + below)));
    }
    for (int64_t i = 0; i < dataset->size(); ++i) {
      RETURN_IF_ERROR(writer.Add(*dataset, i));
      if (options.on_progress) {
        options.on_progress(static_cast<double>(converted.documents) / static_cast<double>(all));
      }
    }
    RETURN_IF_ERROR(writer.Finish());
  }
  return converted;
}

absl::Status CheckEmpty(const std::string& out, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(out));
  if (kind == PathKind::kNone) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   kind == PathKind::kFolder ? files.List(out) : std::vector<std::string>{out});
  return names.empty() ? absl::OkStatus()
                       : absl::AlreadyExistsError(absl::StrCat(
                             "'", out, "' is there and not empty; name another --out"));
}

}  // namespace

absl::StatusOr<Converted> Convert(const std::vector<SplitToWrite>& splits, const std::string& out,
                                  const ConvertOptions& options, const Files& files) {
  RETURN_IF_ERROR(CheckEmpty(out, files));
  const std::string unfinished = out + ".unfinished";
  RETURN_IF_ERROR(files.Remove(unfinished));
  absl::StatusOr<Converted> converted = WriteSplits(splits, unfinished, options, files);
  absl::Status status = converted.status();
  if (status.ok()) {
    status = files.Rename(unfinished, out);
  }
  if (!status.ok()) {
    files.Remove(unfinished).IgnoreError();
    return status;
  }
  return converted;
}

}  // namespace tessera
