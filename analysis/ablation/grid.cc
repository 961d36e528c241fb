#include "analysis/ablation/grid.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/status.h"

namespace tessera {
namespace {

std::string Strip(const std::string& text) { return std::string(absl::StripAsciiWhitespace(text)); }

absl::Status Invalid(const std::string& text, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' ", what));
}

// Letters of names that can stand in a folder's name and in an argument without quotes.
bool IsPlain(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) ||
         std::string_view("=,.+-_").find(letter) != std::string_view::npos;
}

// At the letter, but not inside quotes or brackets.
std::vector<std::string> SplitOutside(const std::string& text, char letter) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    quoted ^= c == '"';
    depth += quoted ? 0 : (c == '[') - (c == ']');
    if (c == letter && depth == 0 && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::ranges::transform(parts, parts.begin(), Strip);
  return parts;
}

absl::Status CheckSetting(const std::string& setting) {
  const size_t equals = setting.find('=');
  return equals == std::string::npos || equals == 0 || equals + 1 == setting.size()
             ? Invalid(setting, "is not of the form path=value")
             : absl::OkStatus();
}

// Ends of a path, from its last word to all of it.
std::vector<std::string> Endings(const std::string& path) {
  std::vector<std::string> endings;
  for (size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    endings.push_back(path.substr(dot + 1));
  }
  endings.push_back(path);
  return endings;
}

// The shortest ending that no other key has.
std::string ShortKey(const std::string& key, const std::set<std::string>& keys) {
  for (const std::string& ending : Endings(key)) {
    const auto has = [&](const std::string& other) {
      return std::ranges::count(Endings(other), ending) > 0;
    };
    if (std::ranges::count_if(keys, has) == 1) {
      return ending;
    }
  }
  return key;
}

std::string NameOf(const Choice& choice, const std::set<std::string>& keys) {
  if (!choice.name.empty()) {
    return choice.name;
  }
  std::vector<std::string> parts;
  for (const std::string& setting : choice.settings) {
    const std::string key = KeyOf(setting);
    parts.push_back(ShortKey(key, keys) + setting.substr(key.size()));
  }
  std::string name = absl::StrJoin(parts, ",");
  std::ranges::replace_if(
      name, [](char letter) { return !IsPlain(letter); }, '_');
  return name;
}

// The keys of all grids, if no two grids share one.
absl::StatusOr<std::set<std::string>> KeysOf(const std::vector<Grid>& grids) {
  std::set<std::string> keys;
  for (const Grid& grid : grids) {
    std::set<std::string> own;
    for (const Choice& choice : grid) {
      std::ranges::transform(choice.settings, std::inserter(own, own.end()), KeyOf);
    }
    for (const std::string& key : own) {
      if (!keys.insert(key).second) {
        return Invalid(key,
                       "is in two grids; put what belongs together into one: 'a=1; b=2 | ...'");
      }
    }
  }
  return keys;
}

}  // namespace

std::string KeyOf(const std::string& setting) { return setting.substr(0, setting.find('=')); }

absl::StatusOr<Choice> ParseChoice(std::string text) {
  Choice choice;
  const size_t colon = text.find(':');
  if (colon < text.find('=')) {
    choice.name = Strip(text.substr(0, colon));
    text.erase(0, colon + 1);
    if (choice.name.empty() || !std::ranges::all_of(choice.name, IsPlain)) {
      return Invalid(choice.name, "is no name of an arm; use letters, digits and =,.+-_");
    }
  }
  const bool sets_nothing = !choice.name.empty() && Strip(text).empty();
  if (sets_nothing) {
    return choice;
  }
  choice.settings = SplitOutside(text, ';');
  for (const std::string& setting : choice.settings) {
    RETURN_IF_ERROR(CheckSetting(setting));
  }
  return choice;
}

absl::StatusOr<Grid> ParseGrid(const std::string& text) {
  Grid grid;
  const std::vector<std::string> choices = SplitOutside(text, '|');
  const bool is_list =
      choices.size() > 1 || SplitOutside(text, ';').size() > 1 || text.find(':') < text.find('=');
  if (is_list) {
    for (const std::string& choice : choices) {
      ASSIGN_OR_RETURN(Choice parsed, ParseChoice(choice));
      grid.push_back(std::move(parsed));
    }
    return grid;
  }
  RETURN_IF_ERROR(CheckSetting(Strip(text)));
  const std::string key = Strip(KeyOf(text));
  for (const std::string& value : SplitOutside(text.substr(text.find('=') + 1), ',')) {
    if (value.empty()) {
      return Invalid(text, "has an empty value; write path=value,value");
    }
    grid.push_back({"", {absl::StrCat(key, "=", value)}});
  }
  return grid;
}

absl::StatusOr<std::vector<Choice>> Combine(const std::vector<Grid>& grids) {
  if (grids.empty()) {
    return std::vector<Choice>{{"recipe", {}}};
  }
  ASSIGN_OR_RETURN(const std::set<std::string> keys, KeysOf(grids));
  std::vector<Choice> all(1);
  for (const Grid& grid : grids) {
    std::vector<Choice> longer;
    for (const Choice& begun : all) {
      for (const Choice& choice : grid) {
        Choice next = begun;
        absl::StrAppend(&next.name, next.name.empty() ? "" : ",", NameOf(choice, keys));
        next.settings.insert(next.settings.end(), choice.settings.begin(), choice.settings.end());
        longer.push_back(std::move(next));
      }
    }
    all = std::move(longer);
  }
  std::set<std::string> names;
  for (const Choice& choice : all) {
    if (!names.insert(choice.name).second) {
      return Invalid(choice.name, "is the name of two arms; give each its own");
    }
  }
  return all;
}

}  // namespace tessera
