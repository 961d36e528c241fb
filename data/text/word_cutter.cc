#include "data/text/word_cutter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/status.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

// What ByteLevel cuts at unless the file says otherwise, from GPT-2.
constexpr char kGpt2[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

std::string MessageOf(int error) {
  std::array<PCRE2_UCHAR, 256> text;
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// PCRE2 counts U+180E among spaces; Oniguruma, for which these files are written, goes by Unicode's
// property. A backslash that is itself escaped begins no class.
std::string WithSpacesOfUnicode(std::string_view pattern) {
  return absl::StrReplaceAll(
      {pattern.data(), pattern.size()},
      {{R"(\\)", R"(\\)"}, {R"(\s)", R"(\p{White_Space})"}, {R"(\S)", R"(\P{White_Space})"}});
}

std::string TextAt(const Json& json, std::string_view key) {
  const Json* found = json.Find(key);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "";
}

bool FlagAt(const Json& json, std::string_view key, bool otherwise) {
  const Json* found = json.Find(key);
  const auto* flag = found != nullptr ? std::get_if<bool>(&found->value) : nullptr;
  return flag != nullptr ? *flag : otherwise;
}

absl::Status Unread(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("pre_tokenizer ", std::string(what), " is not read here"));
}

}  // namespace

class WordCutter::Expression {
 public:
  static absl::StatusOr<std::shared_ptr<const Expression>> Compile(const std::string& pattern,
                                                                   bool literal) {
    int error = 0;
    size_t at = 0;
    pcre2_code* const code =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                      PCRE2_UTF | (literal ? PCRE2_LITERAL : PCRE2_UCP), &error, &at, nullptr);
    if (code == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("pre_tokenizer: the expression '", pattern,
                                                     "' is not read here: ", MessageOf(error),
                                                     " at byte ", at));
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where there is none, matches are only slower
    return std::shared_ptr<const Expression>(new Expression(code));
  }

  ~Expression() { pcre2_code_free(code_); }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  // Adds the matches and what is between them. The text is valid UTF-8.
  void Cut(std::string_view text, std::vector<std::string_view>* parts) const {
    const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
        pcre2_match_data_create_from_pattern(code_, nullptr), pcre2_match_data_free);
    const auto add = [&](size_t begin, size_t end) {
      if (begin < end) {
        parts->push_back(text.substr(begin, end - begin));
      }
    };
    size_t done = 0;
    while (Find(text, done, match.get())) {
      const size_t* place = pcre2_get_ovector_pointer(match.get());
      add(done, place[0]);
      add(place[0], place[1]);
      done = place[1];
    }
    add(done, text.size());
  }

 private:
  explicit Expression(pcre2_code* code) : code_(code) {}

  // A match of no letters cuts nothing that the next match would not.
  bool Find(std::string_view text, size_t from, pcre2_match_data* match) const {
    int found = PCRE2_ERROR_JIT_STACKLIMIT;
    for (const uint32_t without_jit : {0u, uint32_t{PCRE2_NO_JIT}}) {
      if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
        found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                            PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY | without_jit, match, nullptr);
      }
    }
    if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
      throw std::runtime_error("the tokenizer's expression gives up on a text: " +
                               MessageOf(found));
    }
    return found > 0;
  }

  pcre2_code* code_;
};

absl::StatusOr<WordCutter> WordCutter::Parse(const Json& pre_tokenizer) {
  WordCutter cutter;
  RETURN_IF_ERROR(cutter.Add(pre_tokenizer));
  return cutter.has_byte_level_ ? absl::StatusOr<WordCutter>(std::move(cutter))
                                : Unread("without ByteLevel");
}

absl::Status WordCutter::Add(const Json& step) {
  const std::string type = TextAt(step, "type");
  if (type == "Sequence") {
    const Json* steps = step.Find("pretokenizers");
    if (steps == nullptr || steps->AsArray() == nullptr) {
      return Unread("Sequence without pretokenizers");
    }
    for (const Json& inner : *steps->AsArray()) {
      RETURN_IF_ERROR(Add(inner));
    }
    return absl::OkStatus();
  }
  if (has_byte_level_) {
    return Unread(absl::StrCat(type, " behind ByteLevel"));
  }
  if (type == "ByteLevel") {
    has_byte_level_ = true;
    if (FlagAt(step, "add_prefix_space", true)) {
      return Unread("ByteLevel.add_prefix_space, which changes texts,");
    }
    return FlagAt(step, "use_regex", true) ? AddExpression(kGpt2, false) : absl::OkStatus();
  }
  if (type == "Digits") {
    return AddExpression(FlagAt(step, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)",
                         false);
  }
  const Json* pattern = step.Find("pattern");
  if (type != "Split" || pattern == nullptr) {
    return Unread(type.empty() ? "without a type" : type);
  }
  if (TextAt(step, "behavior") != "Isolated") {
    return Unread(absl::StrCat("Split.behavior ", TextAt(step, "behavior")));
  }
  const std::string literal = TextAt(*pattern, "String");
  return AddExpression(literal.empty() ? TextAt(*pattern, "Regex") : literal, !literal.empty());
}

absl::Status WordCutter::AddExpression(std::string_view pattern, bool literal) {
  ASSIGN_OR_RETURN(
      const auto expression,
      Expression::Compile(literal ? std::string(pattern) : WithSpacesOfUnicode(pattern), literal));
  expressions_.push_back(expression);
  return absl::OkStatus();
}

std::vector<std::string_view> WordCutter::Cut(std::string_view text) const {
  std::vector<std::string_view> parts = {text};
  if (FirstInvalidUtf8(text)) {
    return parts;
  }
  for (const auto& expression : expressions_) {
    std::vector<std::string_view> finer;
    for (const std::string_view part : parts) {
      expression->Cut(part, &finer);
    }
    parts = std::move(finer);
  }
  return parts;
}

}  // namespace tessera
