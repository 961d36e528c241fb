#include "data/text/tokenizer.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/enum_names.h"
#include "data/text/sentence_pieces.h"
#include "data/text/tokenizer_json.h"

namespace tessera {

namespace {

// The library's places in a word have 16 bits, and it calls itself as deep as a word is long.
constexpr size_t kLongestWord = 4096;  // letters

// Adds the line to *lines, cut where it goes on too long without a space: pieces alone are learnt
// from it. So that no word of other texts is cut, nothing else decides where.
void AddCut(std::string_view line, std::vector<std::string>* lines) {
  size_t begin = 0, letters = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool begins_letter = (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80;
    if (begins_letter && letters == kLongestWord) {
      lines->emplace_back(line.substr(begin, i - begin));
      begin = i;
      letters = 0;
    }
    letters = line[i] == ' ' ? 0 : letters + begins_letter;
  }
  lines->emplace_back(line.substr(begin));
}

}  // namespace

Tokenizer::Tokenizer(std::string model, std::shared_ptr<const TextCodec> codec)
    : model_(std::move(model)), codec_(std::move(codec)) {}

absl::StatusOr<Tokenizer> Tokenizer::Train(const std::vector<std::string>& texts,
                                           const TokenizerConfig& config) {
  std::vector<std::string> lines;  // so that no piece holds a line's end
  for (const std::string& text : texts) {
    for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      AddCut({line.data(), line.size()}, &lines);
    }
  }
  SentencePieces::Trained trained =
      SentencePieces::Train(std::move(lines), EnumName(config.kind), config.size);
  if (trained.model.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no tokenizer of ", config.size, " pieces can be trained on these texts: ", trained.problem,
        "; raise tokenizer.size"));
  }
  return Parse(std::move(trained.model));
}

const char* Tokenizer::file_name() const {
  return IsTokenizerJson(model_) ? "tokenizer.json" : "tokenizer.model";
}

absl::StatusOr<Tokenizer> Tokenizer::Parse(std::string model) {
  if (IsTokenizerJson(model)) {
    auto codec = ParseTokenizerJson(model);
    if (!codec.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("no tokenizer.json that is read here: ", codec.status().message()));
    }
    return Tokenizer(std::move(model), *std::move(codec));
  }
  auto codec = SentencePieces::Parse(model);
  if (codec == nullptr) {
    return absl::InvalidArgumentError("not a sentencepiece model");
  }
  return Tokenizer(std::move(model), std::move(codec));
}

}  // namespace tessera
