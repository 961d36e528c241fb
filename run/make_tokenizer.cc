#include "run/make_tokenizer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {

namespace {

// Adds the texts of so many of `size` documents, the first of which is `first`.
absl::Status AddTexts(const Dataset& dataset, int64_t first, const MixedSet& set, int64_t count,
                      std::vector<std::string>* texts) {
  for (int64_t i = 0; i < count; ++i) {
    // The first documents alone could be of one kind: files are often sorted by name.
    const auto index = static_cast<int64_t>(static_cast<double>(i) / count * set.size);
    ASSIGN_OR_RETURN(const Document document, dataset.Get(first + index));
    for (const Segment& segment : document.segments) {
      if (const std::string* text = AsText(segment)) {
        texts->push_back(*text);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> GatherTexts(const Dataset& dataset, int64_t documents) {
  std::vector<MixedSet> sets = dataset.Sets();
  if (sets.empty()) {
    sets = {{"", 1, dataset.size()}};
  }
  double weights = 0;
  for (const MixedSet& set : sets) {
    weights += set.weight;
  }
  std::vector<std::string> texts;
  int64_t first = 0;
  for (const MixedSet& set : sets) {
    const int64_t share = std::llround(static_cast<double>(documents) * set.weight / weights);
    RETURN_IF_ERROR(AddTexts(dataset, first, set, std::min(share, set.size), &texts));
    first += set.size;
  }
  return texts;
}

absl::StatusOr<Tokenizer> ReadTokenizer(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(std::string model, files.Read(path));
  absl::StatusOr<Tokenizer> tokenizer = Tokenizer::Parse(std::move(model));
  return tokenizer.ok() ? std::move(tokenizer)
                        : absl::InvalidArgumentError(
                              absl::StrCat("'", path, "' is ", tokenizer.status().message()));
}

absl::StatusOr<std::string> TokenizerIn(const std::string& folder, const Files& files) {
  std::string json = JoinPath(folder, "tokenizer.json");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(json));
  return kind != PathKind::kNone ? std::move(json) : JoinPath(folder, "tokenizer.model");
}

absl::StatusOr<Tokenizer> MakeTokenizer(const TokenizerConfig& config, const Dataset& dataset,
                                        const Files& files) {
  if (config.path.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, GatherTexts(dataset, config.documents));
    return Tokenizer::Train(texts, config);
  }
  absl::StatusOr<Tokenizer> tokenizer = ReadTokenizer(config.path, files);
  return tokenizer.ok()
             ? std::move(tokenizer)
             : absl::Status(tokenizer.status().code(),
                            absl::StrCat("tokenizer.path: ", tokenizer.status().message()));
}

}  // namespace tessera
