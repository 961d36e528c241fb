#include "data/text/tokenizer.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/enum_names.h"

namespace tessera {

Tokenizer::Tokenizer(std::string model, std::shared_ptr<const SentencePieces> pieces)
    : model_(std::move(model)), pieces_(std::move(pieces)) {}

absl::StatusOr<Tokenizer> Tokenizer::Train(const std::vector<std::string>& texts,
                                           const TokenizerConfig& config) {
  std::vector<std::string> lines;  // so that no piece holds a line's end
  for (const std::string& text : texts) {
    for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      lines.emplace_back(line);
    }
  }
  SentencePieces::Trained trained =
      SentencePieces::Train(std::move(lines), EnumName(config.kind), config.size);
  if (trained.model.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("no tokenizer of size ", config.size,
                                                   " fits these texts (", trained.problem,
                                                   "); raise tokenizer.size"));
  }
  return Parse(std::move(trained.model));
}

absl::StatusOr<Tokenizer> Tokenizer::Parse(std::string model) {
  auto pieces = SentencePieces::Parse(model);
  if (pieces == nullptr) {
    return absl::InvalidArgumentError("not a sentencepiece model");
  }
  return Tokenizer(std::move(model), std::move(pieces));
}

}  // namespace tessera
