#include "data/text/byte_pairs.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

constexpr int64_t kMostIds = 10'000'000;  // more are a mistake of the file
constexpr int kLetters = 256 + 68;        // bytes that print stand for themselves, others behind

// The byte of each letter, by its code point; -1: the letter is no byte's.
std::array<int, kLetters> MakeByteOf() {
  std::array<int, kLetters> byte_of;
  byte_of.fill(-1);
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    byte_of[prints ? byte : next++] = byte;
  }
  return byte_of;
}

absl::Status Unread(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("model.", std::string(what),
                   " is not read here: only byte-level BPE without other settings is"));
}

// Null, false, 0 and "" switch a setting off.
bool IsOff(const Json* setting) {
  if (setting == nullptr || std::holds_alternative<std::nullptr_t>(setting->value)) {
    return true;
  }
  const auto* flag = std::get_if<bool>(&setting->value);
  const std::string* text = setting->AsString();
  return (flag != nullptr && !*flag) || (text != nullptr && text->empty()) ||
         setting->AsNumber() == 0;
}

// Both pieces of a merge: "a b", or ["a", "b"] in newer files.
std::optional<std::pair<std::string_view, std::string_view>> Halves(const Json& merge) {
  if (const std::string* text = merge.AsString()) {
    const size_t space = text->find(' ');
    const std::string_view all = *text;
    return space == text->npos
               ? std::nullopt
               : std::optional(std::pair(all.substr(0, space), all.substr(space + 1)));
  }
  const JsonArray* two = merge.AsArray();
  if (two == nullptr || two->size() != 2 || !(*two)[0].AsString() || !(*two)[1].AsString()) {
    return std::nullopt;
  }
  return std::pair<std::string_view, std::string_view>(*(*two)[0].AsString(),
                                                       *(*two)[1].AsString());
}

}  // namespace

std::optional<std::string> BytesOfLetters(std::string_view token) {
  static const std::array<int, kLetters> byte_of = MakeByteOf();
  std::string bytes;
  for (size_t i = 0; i < token.size(); ++i) {
    int letter = static_cast<unsigned char>(token[i]);
    if (letter >= 0x80) {  // all that follow ASCII here have two bytes in UTF-8
      const int tail = i + 1 < token.size() ? static_cast<unsigned char>(token[++i]) : 0;
      letter = (letter & 0xE0) == 0xC0 ? (letter & 0x1F) << 6 | (tail & 0x3F) : kLetters;
    }
    if (letter >= kLetters || byte_of[letter] < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(byte_of[letter]);
  }
  return bytes;
}

absl::StatusOr<BytePairs> BytePairs::Parse(const Json& model) {
  const Json* type = model.Find("type");
  if (type != nullptr && (type->AsString() == nullptr || *type->AsString() != "BPE")) {
    return Unread(type->AsString() ? "type " + *type->AsString() : "type");
  }
  for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                          "byte_fallback"}) {
    if (!IsOff(model.Find(key))) {
      return Unread(key);
    }
  }
  const Json* vocabulary = model.Find("vocab");
  const Json* merges = model.Find("merges");
  if (vocabulary == nullptr || !vocabulary->AsObject() || merges == nullptr || !merges->AsArray()) {
    return absl::InvalidArgumentError("model has no vocab or no merges");
  }
  BytePairs pairs;
  pairs.whole_words_ = !IsOff(model.Find("ignore_merges"));
  RETURN_IF_ERROR(pairs.AddPieces(*vocabulary->AsObject()));
  RETURN_IF_ERROR(pairs.AddJoins(*merges->AsArray()));
  return pairs;
}

absl::Status BytePairs::AddPieces(const JsonObject& vocabulary) {
  std::vector<bool> taken;
  for (const auto& [token, json] : vocabulary) {
    const auto* id = std::get_if<int64_t>(&json.value);
    if (id == nullptr || *id < 0 || *id >= kMostIds) {
      return absl::InvalidArgumentError(absl::StrCat("model.vocab: '", token, "' has no sound id"));
    }
    if (*id >= size()) {
      bytes_.resize(*id + 1);
      taken.resize(*id + 1);
    }
    if (taken[*id]) {
      return absl::InvalidArgumentError(absl::StrCat("model.vocab: two tokens have the id ", *id));
    }
    taken[*id] = true;
    const std::optional<std::string> bytes = BytesOfLetters(token);
    bytes_[*id] = bytes.value_or(token);
    if (bytes && !bytes->empty() && !piece_.emplace(*bytes, *id).second) {
      return absl::InvalidArgumentError(absl::StrCat("model.vocab: '", token, "' is there twice"));
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = piece_.find(std::string(1, static_cast<char>(byte)));
    byte_[byte] = found == piece_.end() ? -1 : found->second;
  }
  return absl::OkStatus();
}

std::optional<int64_t> BytePairs::PieceOf(std::string_view letters) const {
  const std::optional<std::string> bytes = BytesOfLetters(letters);
  const auto found = bytes ? piece_.find(*bytes) : piece_.end();
  return found == piece_.end() ? std::nullopt : std::optional(found->second);
}

absl::Status BytePairs::AddJoins(const JsonArray& merges) {
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto halves = Halves(merges[i]);
    const auto left = halves ? PieceOf(halves->first) : std::nullopt;
    const auto right = halves ? PieceOf(halves->second) : std::nullopt;
    const auto joined = left && right ? piece_.find(bytes_[*left] + bytes_[*right]) : piece_.end();
    if (joined == piece_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("model.merges: entry ", i, " is no pair of pieces that make a piece"));
    }
    joins_[PairOf(*left, *right)] = {static_cast<int64_t>(i), joined->second};
  }
  return absl::OkStatus();
}

// The pieces of a word while they are joined.
struct BytePairs::Word {
  struct Symbol {
    int64_t piece, previous, next;  // piece -1: it was joined to the one before
  };
  // Rank, place, and the pair that was there when it was found.
  using Candidate = std::tuple<int64_t, int64_t, Pair>;

  bool has_next(int64_t at) const { return symbols[at].next < std::ssize(symbols); }
  Pair pair_at(int64_t at) const {
    return PairOf(symbols[at].piece, symbols[symbols[at].next].piece);
  }
  // Joins the piece there with the next.
  void Join(int64_t at, int64_t piece) {
    Symbol& gone = symbols[symbols[at].next];
    symbols[at].piece = piece;
    symbols[at].next = gone.next;
    gone.piece = -1;
    if (has_next(at)) {
      symbols[symbols[at].next].previous = at;
    }
  }

  std::vector<Symbol> symbols;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates = {};
};

void BytePairs::Consider(int64_t at, Word* word) const {
  if (at < 0 || !word->has_next(at)) {
    return;
  }
  if (const auto found = joins_.find(word->pair_at(at)); found != joins_.end()) {
    word->candidates.emplace(found->second.rank, at, found->first);
  }
}

void BytePairs::Append(std::string_view text, std::vector<int64_t>* ids) const {
  if (whole_words_) {
    if (const auto found = piece_.find(std::string(text)); found != piece_.end()) {
      ids->push_back(found->second);
      return;
    }
  }
  Word word;
  for (const char c : text) {
    if (const int64_t piece = byte_[static_cast<unsigned char>(c)]; piece >= 0) {
      const int64_t at = std::ssize(word.symbols);
      word.symbols.push_back({piece, at - 1, at + 1});
    }
  }
  const int64_t count = std::ssize(word.symbols);
  for (int64_t at = 0; at < count; ++at) {
    Consider(at, &word);
  }
  while (!word.candidates.empty()) {
    const auto [rank, at, pair] = word.candidates.top();
    word.candidates.pop();
    if (word.symbols[at].piece < 0 || !word.has_next(at) || word.pair_at(at) != pair) {
      continue;  // one of the two has been joined to another since
    }
    word.Join(at, joins_.at(pair).piece);
    Consider(word.symbols[at].previous, &word);
    Consider(at, &word);
  }
  for (int64_t at = 0; at < count; at = word.symbols[at].next) {
    ids->push_back(word.symbols[at].piece);
  }
}

}  // namespace tessera
