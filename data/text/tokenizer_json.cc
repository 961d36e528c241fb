#include "data/text/tokenizer_json.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/text/byte_pairs.h"
#include "data/text/text_check.h"
#include "data/text/word_cutter.h"
#include "files/json.h"

namespace tessera {
namespace {

constexpr int64_t kMostIds = 10'000'000;  // more are a mistake of the file

// Unicode's normal form C (UAX 15). What is no UTF-8 stays as it is.
std::string Composed(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(composed, free);
  return size < 0 ? std::string(text)
                  : std::string(reinterpret_cast<const char*>(composed), static_cast<size_t>(size));
}

// Tokens that are found in a text before it is cut into words.
class AddedTokens {
 public:
  void Add(std::string content, int64_t id) {
    begins_[static_cast<unsigned char>(content[0])] = true;
    tokens_.emplace_back(std::move(content), id);
    std::ranges::stable_sort(tokens_, std::greater(), [](const auto& t) { return t.first.size(); });
  }

  // Calls between(part) and token(id) for the parts of the text, in order. Of tokens that begin at
  // one place the longest is found.
  template <class Between, class Token>
  void Split(std::string_view text, const Between& between, const Token& token) const {
    size_t begin = 0;
    for (size_t i = 0; i < text.size();) {
      const std::pair<std::string, int64_t>* found = At(text.substr(i));
      if (found == nullptr) {
        ++i;
        continue;
      }
      if (begin < i) {
        between(text.substr(begin, i - begin));
      }
      token(found->second);
      begin = i += found->first.size();
    }
    if (begin < text.size()) {
      between(text.substr(begin));
    }
  }

 private:
  const std::pair<std::string, int64_t>* At(std::string_view rest) const {
    if (!begins_[static_cast<unsigned char>(rest[0])]) {
      return nullptr;
    }
    const auto found =
        std::ranges::find_if(tokens_, [&](const auto& t) { return rest.starts_with(t.first); });
    return found == tokens_.end() ? nullptr : &*found;
  }

  std::vector<std::pair<std::string, int64_t>> tokens_;  // the longest first
  std::array<bool, 256> begins_ = {};                    // whether a token begins with this byte
};

class JsonCodec : public TextCodec {
 public:
  JsonCodec(BytePairs pairs, WordCutter cutter)
      : pairs_(std::move(pairs)), cutter_(std::move(cutter)), bytes_(pairs_.bytes()) {}

  absl::Status SetNormalizer(const Json* json);
  absl::Status AddToken(const Json& json);

  int64_t size() const override { return std::ssize(bytes_); }

  std::vector<int64_t> Encode(std::string_view text) const override {
    std::vector<int64_t> ids;
    const auto add_token = [&](int64_t id) { ids.push_back(id); };
    const auto add_words = [&](std::string_view part) {
      for (const std::string_view word : cutter_.Cut(part)) {
        pairs_.Append(word, &ids);
      }
    };
    const auto add_text = [&](std::string_view part) {
      const std::string text = composes_ ? Composed(part) : std::string(part);
      in_normal_.Split(text, add_words, add_token);
    };
    in_raw_.Split(text, add_text, add_token);
    return ids;
  }

  std::string Decode(const std::vector<int64_t>& ids) const override {
    std::string bytes;
    for (const int64_t id : ids) {
      if (id >= 0 && id < size()) {
        bytes += bytes_[id];
      }
    }
    return WithReplacements(bytes);
  }

 private:
  BytePairs pairs_;
  WordCutter cutter_;
  std::vector<std::string> bytes_;  // of each id
  AddedTokens in_raw_, in_normal_;  // found before and after the text is normalised
  bool composes_ = false;
};

std::string TypeOf(const Json& json) {
  const Json* type = json.Find("type");
  return type != nullptr && type->AsString() != nullptr ? *type->AsString() : "without a type";
}

bool IsNull(const Json* json) {
  return json == nullptr || std::holds_alternative<std::nullptr_t>(json->value);
}

bool IsOn(const Json& json, std::string_view key) {
  const Json* found = json.Find(key);
  const auto* flag = found != nullptr ? std::get_if<bool>(&found->value) : nullptr;
  return flag != nullptr && *flag;
}

absl::Status JsonCodec::SetNormalizer(const Json* json) {
  if (IsNull(json)) {
    return absl::OkStatus();
  }
  const std::string type = TypeOf(*json);
  if (type == "Sequence") {
    const Json* steps = json->Find("normalizers");
    if (steps != nullptr && steps->AsArray() != nullptr) {
      for (const Json& step : *steps->AsArray()) {
        RETURN_IF_ERROR(SetNormalizer(&step));
      }
      return absl::OkStatus();
    }
  }
  composes_ = type == "NFC";
  return composes_ ? absl::OkStatus()
                   : absl::InvalidArgumentError(absl::StrCat(
                         "normalizer ", type, " is not read here: only NFC or none is"));
}

absl::Status JsonCodec::AddToken(const Json& json) {
  const Json *content = json.Find("content"), *id = json.Find("id");
  const auto* number = id != nullptr ? std::get_if<int64_t>(&id->value) : nullptr;
  if (content == nullptr || content->AsString() == nullptr || content->AsString()->empty() ||
      number == nullptr || *number < 0 || *number >= kMostIds) {
    return absl::InvalidArgumentError("added_tokens: an entry has no content or no sound id");
  }
  const std::string& text = *content->AsString();
  for (const char* key : {"single_word", "lstrip", "rstrip"}) {
    if (IsOn(json, key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("added_tokens: ", key, " of '", text, "' is not read here"));
    }
  }
  if (*number >= size()) {
    bytes_.resize(*number + 1);
  }
  bytes_[*number] = BytesOfLetters(text).value_or(text);
  const bool normal = IsOn(json, "normalized");
  (normal ? in_normal_ : in_raw_).Add(normal && composes_ ? Composed(text) : text, *number);
  return absl::OkStatus();
}

}  // namespace

bool IsTokenizerJson(std::string_view bytes) { return bytes.starts_with('{'); }

absl::StatusOr<std::shared_ptr<const TextCodec>> ParseTokenizerJson(std::string_view text) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  const Json *model = json.Find("model"), *cutter = json.Find("pre_tokenizer");
  const Json *decoder = json.Find("decoder"), *added = json.Find("added_tokens");
  if (model == nullptr || model->AsObject() == nullptr) {
    return absl::InvalidArgumentError("it has no model");
  }
  ASSIGN_OR_RETURN(BytePairs pairs, BytePairs::Parse(*model));
  if (IsNull(cutter)) {
    return absl::InvalidArgumentError("it has no pre_tokenizer, so it is no byte-level BPE");
  }
  ASSIGN_OR_RETURN(WordCutter words, WordCutter::Parse(*cutter));
  if (IsNull(decoder) || TypeOf(*decoder) != "ByteLevel") {
    return absl::InvalidArgumentError(absl::StrCat("decoder ",
                                                   IsNull(decoder) ? "null" : TypeOf(*decoder),
                                                   " is not read here: only ByteLevel is"));
  }
  auto codec = std::make_shared<JsonCodec>(std::move(pairs), std::move(words));
  RETURN_IF_ERROR(codec->SetNormalizer(json.Find("normalizer")));
  if (!IsNull(added) && added->AsArray() != nullptr) {
    for (const Json& token : *added->AsArray()) {
      RETURN_IF_ERROR(codec->AddToken(token));
    }
  }
  return codec;
}

}  // namespace tessera
