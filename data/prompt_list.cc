#include "data/prompt_list.h"

#include <algorithm>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "config/status.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

constexpr size_t kLongestId = 200;  // letters; a file name may have 255

absl::Status Bad(const std::string& what) { return absl::InvalidArgumentError(what); }

// Takes the text under a key, if there is one.
absl::Status TakeText(const Json& row, const char* key, std::string* text) {
  const Json* found = row.Find(key);
  if (found == nullptr) {
    return absl::OkStatus();
  }
  if (found->AsString() == nullptr) {
    return Bad(absl::StrCat("\"", key, "\" must be a string"));
  }
  *text = *found->AsString();
  return absl::OkStatus();
}

absl::Status TakeSeed(const Json& row, int64_t* seed) {
  const Json* found = row.Find("seed");
  if (found == nullptr) {
    return absl::OkStatus();
  }
  const int64_t* number = std::get_if<int64_t>(&found->value);
  if (number == nullptr || *number < 0) {
    return Bad("\"seed\" must be a whole number of at least 0");
  }
  *seed = *number;
  return absl::OkStatus();
}

absl::Status TakeId(const Json& row, std::string* id) {
  const Json* found = row.Find("id");
  if (const int64_t* number = found ? std::get_if<int64_t>(&found->value) : nullptr) {
    *id = absl::StrCat(*number);
    return absl::OkStatus();
  }
  return TakeText(row, "id", id);
}

absl::Status CheckId(const std::string& id) {
  const bool of_letters = std::ranges::none_of(
      id, [](unsigned char letter) { return letter < ' ' || letter == '/' || letter == 127; });
  const bool named = !id.empty() && id[0] != '.' && id.size() <= kLongestId;
  return of_letters && named && !FirstInvalidUtf8(id)
             ? absl::OkStatus()
             : Bad(absl::StrCat("\"id\" names files: it has 1 to ", kLongestId,
                                " letters, does not begin with a dot, and has no '/' in it"));
}

absl::Status ReadRow(std::string_view line, ListedPrompt* prompt) {
  ASSIGN_OR_RETURN(const Json row, ParseJson(line));
  if (row.AsObject() == nullptr) {
    return Bad("this is no JSON object");
  }
  if ((row.Find("prompt") == nullptr) == (row.Find("text") == nullptr)) {
    return Bad("a row has the key \"prompt\" or the key \"text\", one of them");
  }
  for (const char* key : {"prompt", "text"}) {
    RETURN_IF_ERROR(TakeText(row, key, &prompt->text));
  }
  RETURN_IF_ERROR(TakeText(row, "grid", &prompt->grid));
  RETURN_IF_ERROR(TakeText(row, "negative", &prompt->negative));
  RETURN_IF_ERROR(TakeSeed(row, &prompt->seed));
  RETURN_IF_ERROR(TakeId(row, &prompt->id));
  prompt->row = *row.AsObject();
  return absl::OkStatus();
}

absl::Status ReadLine(std::string_view line, bool is_json, ListedPrompt* prompt) {
  if (is_json) {
    RETURN_IF_ERROR(ReadRow(line, prompt));
  } else {
    prompt->text = std::string(Trim(line));
    prompt->row = {{"text", Json{prompt->text}}};
  }
  RETURN_IF_ERROR(CheckId(prompt->id));
  if (!prompt->negative.empty()) {
    RETURN_IF_ERROR(CheckText(prompt->negative));
  }
  return CheckText(prompt->text);
}

}  // namespace

absl::StatusOr<std::vector<ListedPrompt>> ParsePromptList(std::string_view text,
                                                          const std::string& file,
                                                          int64_t first_seed) {
  const bool is_json = file.ends_with(".jsonl");
  std::vector<ListedPrompt> prompts;
  std::map<std::string, int64_t> line_of;  // by id
  int64_t number = 0;
  const auto at_line = [&](absl::string_view what) {
    return Bad(absl::StrCat("'", file, "', line ", number, ": ", what));
  };
  const auto whole = TextOfFile(text);
  if (!whole.ok()) {
    return Bad(absl::StrCat("'", file, "': ", whole.status().message()));
  }
  const std::vector<std::string> lines = absl::StrSplit(std::string(*whole), '\n');
  for (const std::string& line : lines) {
    ++number;
    if (Trim(line).empty()) {
      continue;
    }
    const int64_t index = std::ssize(prompts);
    ListedPrompt prompt{
        .id = absl::StrFormat("%05d", index), .text = "", .seed = first_seed + index};
    if (const absl::Status status = ReadLine(line, is_json, &prompt); !status.ok()) {
      return at_line(status.message());
    }
    if (const auto [before, is_new] = line_of.emplace(prompt.id, number); !is_new) {
      return at_line(absl::StrCat("the id '", prompt.id, "' is that of line ", before->second));
    }
    prompts.push_back(std::move(prompt));
  }
  return prompts.empty() ? absl::StatusOr<std::vector<ListedPrompt>>(
                               Bad(absl::StrCat("'", file, "' holds no prompt")))
                         : prompts;
}

}  // namespace tessera
