// Text <-> ids. Trained from the data set's own texts, or a file: any sentencepiece .model, or a
// tokenizer.json with byte-level BPE.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "data/text/text_codec.h"

namespace tessera {

enum class TokenizerKind { kBpe, kUnigram };
constexpr auto EnumNames(TokenizerKind) { return std::array{"bpe", "unigram"}; }

struct TokenizerConfig {
  std::string path = "";
  TokenizerKind kind = TokenizerKind::kBpe;
  int64_t size = 2048;
  int64_t documents = 5000;
  int64_t ids = 0;

  bool operator==(const TokenizerConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("path", self.path,
          "Text is cut by this sentencepiece model or tokenizer.json; if empty, one is trained on "
          "the "
          "data set's texts.");
    const bool trained = self.path.empty();
    visit("kind", self.kind, "Pieces are found in this way; bpe gives whole words on small data.",
          trained);
    visit("size", self.size,
          "There are at most this many pieces; small data needs fewer, and 257 are always there.",
          trained);
    visit("documents", self.documents,
          "Training reads at most this many documents, evenly from the data set.", trained);
    visit("ids", self.ids,
          "Text has this many ids; those behind the tokenizer's own stand for nothing. 0: as many "
          "as it has.",
          !trained);
  }

  // How many ids of text to reckon with before there is a tokenizer.
  int64_t most_ids() const { return path.empty() || ids == 0 ? size : ids; }

  std::string Problem() const {
    constexpr int64_t kFewest = 258,
                      kMost = 1'000'000;  // bytes, unknown and space; any known model
    if (size < kFewest || size > kMost) {
      return "size must be from 258, for the bytes and the space alone, to 1000000";
    }
    if (ids < 0 || ids > kMost) {
      return "ids must be from 0 to 1000000";
    }
    return documents < 1 ? "documents must be at least 1" : "";
  }
};

// A model that Train made gives back every valid UTF-8 text: Decode(Encode(text)) == text. So does
// one from elsewhere that has pieces for all bytes and changes no text before it cuts it.
// Copies share the model; all calls are const and thread-safe.
class Tokenizer {
 public:
  // A pure function of the texts and config.
  static absl::StatusOr<Tokenizer> Train(const std::vector<std::string>& texts,
                                         const TokenizerConfig& config);

  // The bytes of a file, as what its first byte says that it is.
  static absl::StatusOr<Tokenizer> Parse(std::string model);

  int64_t size() const { return codec_->size(); }
  const std::string& Serialized() const { return model_; }
  const char* file_name() const;  // in a checkpoint: tokenizer.model or tokenizer.json

  std::vector<int64_t> Encode(std::string_view text) const { return codec_->Encode(text); }

  // Ids that are no text are passed over; bytes that are no UTF-8 become U+FFFD.
  std::string Decode(const std::vector<int64_t>& ids) const { return codec_->Decode(ids); }

 private:
  Tokenizer(std::string model, std::shared_ptr<const TextCodec> codec);

  std::string model_;
  std::shared_ptr<const TextCodec> codec_;
};

}  // namespace tessera
