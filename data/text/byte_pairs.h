// Byte-pair encoding over bytes (Sennrich et al. 2016, section 3.2; Radford et al. 2019): from the
// bytes of a word, the pair of pieces that was learnt first is joined until no known pair is left.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "files/json.h"

namespace tessera {

// The bytes that a token of a file stands for: GPT-2 writes each byte as a printable letter. Empty
// if a letter of the token is none of those 256.
std::optional<std::string> BytesOfLetters(std::string_view token);

class BytePairs {
 public:
  // The member `model` of a tokenizer.json. Errors name the key that is not read here.
  static absl::StatusOr<BytePairs> Parse(const Json& model);

  // One more than the largest id.
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }

  // The bytes of each id; ids that the file does not name have none.
  const std::vector<std::string>& bytes() const { return bytes_; }

  // Adds the ids of a text that is one word. Bytes without a piece are passed over, as the
  // `tokenizers` package does; a table that was trained from the alphabet of all bytes has a piece
  // for each.
  void Append(std::string_view text, std::vector<int64_t>* ids) const;

 private:
  struct Word;
  struct Join {
    int64_t rank;  // the lowest of a word is joined first
    int64_t piece;
  };
  using Pair = uint64_t;

  static Pair PairOf(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
  }
  void Consider(int64_t at, Word* word) const;
  absl::Status AddPieces(const JsonObject& vocabulary);
  absl::Status AddJoins(const JsonArray& merges);
  std::optional<int64_t> PieceOf(std::string_view letters) const;

  std::vector<std::string> bytes_;
  std::unordered_map<std::string, int64_t> piece_;  // by its bytes
  std::array<int64_t, 256> byte_;                   // -1: no piece
  std::unordered_map<Pair, Join> joins_;
  bool whole_words_ = false;  // a word that is a piece is not cut
};

}  // namespace tessera
