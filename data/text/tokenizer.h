// Text <-> ids. Trained from the data set's own texts, or any sentencepiece .model file.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "data/text/sentence_pieces.h"

namespace tessera {

enum class TokenizerKind { kBpe, kUnigram };
constexpr auto EnumNames(TokenizerKind) { return std::array{"bpe", "unigram"}; }

struct TokenizerConfig {
  std::string path = "";
  TokenizerKind kind = TokenizerKind::kBpe;
  int64_t size = 2048;
  int64_t documents = 5000;

  bool operator==(const TokenizerConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("path", self.path,
          "Text is cut by this sentencepiece model; if empty, one is trained on the data set's "
          "texts.");
    const bool trained = self.path.empty();
    visit("kind", self.kind, "Pieces are found in this way; bpe gives whole words on small data.",
          trained);
    visit("size", self.size,
          "There are at most this many pieces; small data needs fewer, and 257 are always there.",
          trained);
    visit("documents", self.documents,
          "Training reads at most this many documents, evenly from the data set.", trained);
  }

  std::string Problem() const {
    constexpr int64_t kFewest = 258,
                      kMost = 1'000'000;  // bytes, unknown and space; any known model
    if (size < kFewest || size > kMost) {
      return "size must be from 258, for the bytes and the space alone, to 1000000";
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

  // The bytes of a .model file.
  static absl::StatusOr<Tokenizer> Parse(std::string model);

  int64_t size() const { return pieces_->size(); }
  const std::string& Serialized() const { return model_; }

  std::vector<int64_t> Encode(std::string_view text) const { return pieces_->Encode(text); }

  // Ids that are no text are passed over; bytes that are no UTF-8 become U+FFFD.
  std::string Decode(const std::vector<int64_t>& ids) const { return pieces_->Decode(ids); }

 private:
  Tokenizer(std::string model, std::shared_ptr<const SentencePieces> pieces);

  std::string model_;
  std::shared_ptr<const SentencePieces> pieces_;
};

}  // namespace tessera
