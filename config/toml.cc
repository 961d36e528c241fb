// Reading: the only file that sees the TOML library.
#include "config/toml.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/field_text.h"
#include "config/keys.h"
#include "config/status.h"
#include "config/suggest.h"

namespace tessera {
namespace {

std::string NodeText(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

// 1 is 1.0 too; inf and nan are nothing that a key can mean.
bool Read(const toml::node& node, double* value) {
  *value = node.is_number() ? *node.value<double>() : NAN;
  return std::isfinite(*value);
}

template <class T>
bool Read(const toml::node& node, T* value) {
  const std::optional<T> exact = node.value_exact<T>();  // 1.0 is no integer, 1 is no boolean
  return exact && ((*value = *exact), true);
}

template <class T>
bool Read(const toml::node& node, std::vector<T>* values) {
  const toml::array* array = node.as_array();
  if (!array) {
    return false;
  }
  values->resize(array->size());
  for (size_t i = 0; i < array->size(); ++i) {
    if (!Read(*array->get(i), &(*values)[i])) {
      return false;
    }
  }
  return true;
}

bool Read(const toml::node& node, EnumRef ref) {
  const auto name = std::ranges::find(ref.names, node.value_exact<std::string>().value_or(""));
  return name != ref.names.end() && (ref.set(ref.value, name - ref.names.begin()), true);
}

bool Read(const toml::node& node, const SectionRef& ref) {
  return ref.is_list() && node.is_array() && (ref.refill(node.as_array()->size()), true);
}

// What keeps the node from being the field's value; empty if it now is.
std::string Assign(const toml::node& node, const FieldRef& ref) {
  if (std::visit([&](auto target) { return Read(node, target); }, ref)) {
    return "";
  }
  const auto* choice = std::get_if<EnumRef>(&ref);
  if (const auto name = node.value_exact<std::string>(); choice && name) {
    return absl::StrCat("cannot be ", QuoteToml(*name), "; did you mean ",
                        QuoteToml(Nearest(*name, choice->names)), "? It is one of ", TypeText(ref));
  }
  return absl::StrCat("must be of type ", TypeText(ref), ", not ", NodeText(node));
}

// A word that is no TOML value is a string, also inside a list: [8x8, 6x10].
toml::table ParseValue(const std::string& text) {
  if (toml::parse_result parsed = toml::parse("value = " + text); parsed) {
    if (toml::table table = std::move(parsed).table(); table.size() == 1) {
      return table;
    }
  }
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return toml::table{{"value", text}};
  }
  toml::array items;
  for (const auto item : absl::StrSplit(text.substr(1, text.size() - 2), ',')) {
    const toml::table holder = ParseValue(std::string(absl::StripAsciiWhitespace(item)));
    holder.begin()->second.visit([&](const auto& value) { items.push_back(value); });
  }
  return toml::table{{"value", std::move(items)}};
}

// One key that the text or an override gives a value.
struct Setting {
  std::string where;  // "run.toml:12", or the override itself
  const toml::node* node;
  std::optional<std::string> raw;  // an override's value as typed
};
using Settings = std::map<std::string, Setting>;  // by path

// ---- From text and arguments to settings, whose paths are then keys

class SettingsReader {
 public:
  SettingsReader(const ConfigSource& source, const FieldWalk& walk)
      : source_(source), file_(source.file), keys_(walk) {}

  absl::StatusOr<Settings> ReadText() {
    toml::parse_result parsed = toml::parse(source_.text, file_);
    if (!parsed) {
      return Invalid(absl::StrCat(file_, ":", parsed.error().source().begin.line),
                     std::string(parsed.error().description()));
    }
    tables_.push_back(std::move(parsed).table());
    Settings settings;
    RETURN_IF_ERROR(ReadTable(tables_.back(), "", &settings));
    return settings;
  }

  absl::StatusOr<Settings> ReadOverrides() {
    Settings settings;
    for (const std::string& argument : source_.overrides) {
      const size_t equals = argument.find('=');
      if (equals == std::string::npos) {
        return Invalid(argument, "is not of the form path=value");
      }
      const std::string raw = argument.substr(equals + 1);
      ASSIGN_OR_RETURN(const std::string path, WithNumber(argument.substr(0, equals), argument));
      if (const MovedKey* moved = FindMoved(source_.moved, path, /*is_section=*/false)) {
        return Invalid(argument, MovedText(*moved, path));
      }
      RETURN_IF_ERROR(keys_.Check(argument, path, Form::kKey));
      tables_.push_back(ParseValue(raw));
      settings.insert_or_assign(path, Setting{argument, &tables_.back().begin()->second, raw});
    }
    return settings;
  }

 private:
  absl::Status ReadTable(const toml::table& table, const std::string& prefix, Settings* settings) {
    for (const auto& [key, node] : table) {
      const std::string path = absl::StrCat(prefix, std::string(key.str()));
      const std::string where = absl::StrCat(file_, ":", key.source().begin.line);
      if (const MovedKey* moved = FindMoved(source_.moved, path, node.is_table())) {
        if (!source_.is_dump) {
          return Invalid(where, MovedText(*moved, path));
        }
        if (!moved->to.empty()) {
          settings->emplace(moved->to, Setting{where, &node, std::nullopt});
        }
        continue;
      }
      const bool is_list = node.is_array_of_tables();
      RETURN_IF_ERROR(keys_.Check(where, path,
                                  is_list           ? Form::kList
                                  : node.is_table() ? Form::kSection
                                                    : Form::kKey));
      if (node.is_table()) {
        RETURN_IF_ERROR(ReadTable(*node.as_table(), path + ".", settings));
        continue;
      }
      settings->emplace(path, Setting{where, &node, std::nullopt});
      for (size_t i = 0; is_list && i < node.as_array()->size(); ++i) {
        const toml::table& entry = *node.as_array()->get_as<toml::table>(i);
        names_[path].push_back(entry["name"].value_or(std::string()));
        RETURN_IF_ERROR(ReadTable(entry, absl::StrCat(path, ".", i, "."), settings));
      }
    }
    return absl::OkStatus();
  }

  // "list.2.key" for "list.NAME.key", if the third entry of the text's list has the name.
  absl::StatusOr<std::string> WithNumber(const std::string& path, const std::string& argument) {
    for (const std::string& list : keys_.lists()) {
      if (!path.starts_with(list + ".")) {
        continue;
      }
      const std::vector<std::string>& names = names_[list];
      const std::string rest = path.substr(list.size() + 1), word = rest.substr(0, rest.find('.'));
      size_t i = std::ranges::find(names, word) - names.begin();
      if (i == names.size() && (!absl::SimpleAtoi(word, &i) || i >= names.size())) {
        return Invalid(
            argument, names.empty()
                          ? absl::StrCat(list, " has no entry; a recipe adds one by [[", list, "]]")
                          : absl::StrCat(list, " has no entry ", word, "; did you mean ",
                                         Nearest(word, names), "?"));
      }
      return absl::StrCat(list, ".", i, rest.substr(word.size()));
    }
    return path;
  }

  const ConfigSource& source_;
  std::string file_;
  Keys keys_;
  std::map<std::string, std::vector<std::string>> names_;  // of the entries of the text's lists
  std::deque<toml::table> tables_;                         // settings point into them
};

// ---- From settings to fields

absl::Status AssignSetting(const Setting& setting, const Field& field) {
  std::string problem = Assign(*setting.node, field.ref);
  if (auto* const* string = std::get_if<std::string*>(&field.ref); string && setting.raw) {
    if (!problem.empty()) {
      **string = *setting.raw;  // data.path=2024 names a folder, not a number
    }
    return absl::OkStatus();
  }
  return problem.empty() ? absl::OkStatus()
                         : Invalid(setting.where, absl::StrCat(field.path, " ", problem));
}

// Gives each key the values of the settings, in turn, and then fits the defaults of all others.
// Keys come in their order: entries of a list begin with what stands before the list.
absl::Status AssignSettings(std::initializer_list<const Settings*> all,
                            const ConfigAccess& access) {
  absl::Status status;
  access.walk([&](const Field& field) {
    for (const Settings* settings : all) {
      const auto setting = settings->find(field.path);
      if (status.ok() && setting != settings->end()) {
        status = AssignSetting(setting->second, field);
      }
    }
  });
  access.fit([&](const std::string& path) {
    return std::ranges::any_of(all, [&](const Settings* one) { return one->contains(path); });
  });
  return status;
}

// The first setting without effect, or the end. To be asked when all is assigned.
Settings::const_iterator FirstWithoutEffect(const Settings& settings, const FieldWalk& walk) {
  auto first = settings.end();
  walk([&](const Field& field) {
    if (first == settings.end() && !field.active) {
      first = settings.find(field.path);
    }
  });
  return first;
}

absl::Status CheckEffects(const Settings& settings, const FieldWalk& walk) {
  const auto first = FirstWithoutEffect(settings, walk);
  if (first == settings.end()) {
    return absl::OkStatus();
  }
  const auto& [path, setting] = *first;
  return Conflict(setting.where, absl::StrCat(path, " has no effect under the other settings; ",
                                              NeededChoice(path, walk), "remove it"));
}

}  // namespace

absl::Status AssignFields(const ConfigSource& source, const ConfigAccess& access) {
  const FieldWalk& walk = access.walk;
  SettingsReader reader(source, walk);
  access.reset();
  ASSIGN_OR_RETURN(Settings text, reader.ReadText());
  ASSIGN_OR_RETURN(const Settings overrides, reader.ReadOverrides());
  RETURN_IF_ERROR(AssignSettings({&text}, access));
  if (!source.is_dump) {
    RETURN_IF_ERROR(CheckEffects(text, walk));
  }
  for (const auto& [path, setting] : overrides) {
    text.erase(path);
  }
  access.reset();
  RETURN_IF_ERROR(AssignSettings({&text, &overrides}, access));
  // Drops what an override, or a later version, robbed of its effect, one by one: it may have been
  // what robbed the next.
  for (auto lost = FirstWithoutEffect(text, walk); lost != text.end();
       lost = FirstWithoutEffect(text, walk)) {
    text.erase(lost);
    access.reset();
    RETURN_IF_ERROR(AssignSettings({&text, &overrides}, access));
  }
  RETURN_IF_ERROR(CheckEffects(overrides, walk));
  return CheckProblems(std::string(source.file), walk);
}

}  // namespace tessera
