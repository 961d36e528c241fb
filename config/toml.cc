// Reading: the only file that sees the TOML library.
#include "config/toml.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/field_text.h"
#include "config/status.h"
#include "config/suggest.h"

namespace tessera {
namespace {

std::string NodeText(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

bool Read(const toml::node& node, double* value) {
  return node.is_number() && ((*value = *node.value<double>()), true);  // 1 is 1.0 too
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

bool Read(const toml::node&, const SectionRef&) { return false; }

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

// ---- Overrides

struct Override {
  std::string argument;  // as given, for errors
  std::string text;      // after the "="
  toml::table holder;    // the parsed value is its only member
  const toml::node& node() const { return holder.begin()->second; }
};

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

// ---- The two sources of values, and the fields that take them

class Assigner {
 public:
  Assigner(const ConfigSource& source, const FieldWalk& walk) : file_(source.file), walk_(walk) {
    walk_([&](const Field& field) {
      if (!field.path.empty()) {
        paths_.push_back(field.path);
        fields_.emplace(field.path, field);
      }
    });
  }

  absl::Status ParseText(std::string_view text) {
    toml::parse_result parsed = toml::parse(text, file_);
    if (!parsed) {
      return absl::InvalidArgumentError(absl::StrCat(file_, ":", parsed.error().source().begin.line,
                                                     ": ",
                                                     std::string(parsed.error().description())));
    }
    table_ = std::move(parsed).table();
    return CheckKeys(table_, "");
  }

  absl::Status ParseOverride(const std::string& argument) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      return Invalid(argument, "is not of the form path=value");
    }
    const std::string path = argument.substr(0, equals), text = argument.substr(equals + 1);
    RETURN_IF_ERROR(CheckPath(argument, path, /*is_section=*/false));
    overrides_.insert_or_assign(path, Override{argument, text, ParseValue(text)});
    return absl::OkStatus();
  }

  // with_overrides: a key of the text may then be without effect, since the text alone was checked.
  absl::Status AssignAll(bool with_overrides) {
    absl::Status status;
    walk_([&](const Field& field) {
      if (status.ok() && !field.is_section()) {
        status = AssignField(field, with_overrides);
      }
    });
    return status;
  }

  absl::Status CheckProblems() const {
    absl::Status status;
    walk_([&](const Field& field) {
      const auto* section = std::get_if<SectionRef>(&field.ref);
      if (const std::string problem = section && field.active ? section->problem() : "";
          status.ok() && !problem.empty()) {
        status = Invalid(file_, field.path.empty() ? problem : field.path + ": " + problem);
      }
    });
    return status;
  }

 private:
  static absl::Status Invalid(const std::string& where, const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
  }

  std::string Where(const toml::node& node) const {
    return absl::StrCat(file_, ":", node.source().begin.line);
  }

  absl::Status CheckKeys(const toml::table& table, const std::string& prefix) const {
    for (const auto& [key, node] : table) {
      const std::string path = absl::StrCat(prefix, std::string(key.str()));
      RETURN_IF_ERROR(
          CheckPath(absl::StrCat(file_, ":", key.source().begin.line), path, node.is_table()));
      if (node.is_table()) {
        RETURN_IF_ERROR(CheckKeys(*node.as_table(), path + "."));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckPath(const std::string& where, const std::string& path, bool is_section) const {
    const auto field = fields_.find(path);
    if (field == fields_.end()) {
      return Invalid(where,
                     absl::StrCat(path, " is not a key; did you mean ", NearestPath(path), "?"));
    }
    if (field->second.is_section() && !is_section) {
      return Invalid(where, absl::StrCat(path, " is a section; name one of its keys"));
    }
    if (!field->second.is_section() && is_section) {
      return Invalid(where, absl::StrCat(path, " is a key of type ", TypeText(field->second.ref),
                                         ", not a section"));
    }
    return absl::OkStatus();
  }

  // A right name in the wrong section is the likeliest slip.
  std::string NearestPath(const std::string& path) const {
    const std::string name = "." + path.substr(path.rfind('.') + 1);
    std::vector<std::string> same_name;
    for (const std::string& candidate : paths_) {
      if (("." + candidate).ends_with(name)) {
        same_name.push_back(candidate);
      }
    }
    return Nearest(path, same_name.empty() ? paths_ : same_name);
  }

  absl::Status AssignField(const Field& field, bool with_overrides) const {
    const auto over = overrides_.find(field.path);
    if (with_overrides && over != overrides_.end()) {
      return AssignOverride(field, over->second);
    }
    const toml::node* node = table_.at_path(field.path).node();
    if (!node || (with_overrides && !field.active)) {
      return absl::OkStatus();
    }
    if (!field.active) {
      return Invalid(Where(*node), NoEffect(field));
    }
    const std::string problem = Assign(*node, field.ref);
    return problem.empty() ? absl::OkStatus()
                           : Invalid(Where(*node), absl::StrCat(field.path, " ", problem));
  }

  absl::Status AssignOverride(const Field& field, const Override& override) const {
    if (!field.active) {
      return Invalid(override.argument, NoEffect(field));
    }
    std::string problem = Assign(override.node(), field.ref);
    if (auto* const* string = std::get_if<std::string*>(&field.ref); string && !problem.empty()) {
      **string = override.text;  // data.path=2024 names a folder, not a number
      problem.clear();
    }
    return problem.empty() ? absl::OkStatus()
                           : Invalid(override.argument, absl::StrCat(field.path, " ", problem));
  }

  std::string NoEffect(const Field& field) const {
    const std::string needed = NeededSetting(field);
    return absl::StrCat(field.path, " has no effect under the other settings; ",
                        needed.empty() ? "" : absl::StrCat("set ", needed, " or "), "remove it");
  }

  // A setting of one earlier choice that would give the field its effect, found by trying them all.
  std::string NeededSetting(const Field& target) const {
    std::vector<Field> choices;
    bool passed = false;
    walk_([&](const Field& field) {
      passed |= field.path == target.path;
      if (!passed && std::holds_alternative<EnumRef>(field.ref)) {
        choices.push_back(field);
      }
    });
    for (const Field& choice : choices) {
      const EnumRef& ref = std::get<EnumRef>(choice.ref);
      const size_t before = ref.get(ref.value);
      for (size_t i = 0; i < ref.names.size(); ++i) {
        ref.set(ref.value, i);
        const bool helps = IsActive(target.path);
        ref.set(ref.value, before);
        if (helps) {
          return absl::StrCat(choice.path, " = ", QuoteToml(ref.names[i]));
        }
      }
    }
    return "";
  }

  bool IsActive(const std::string& path) const {
    bool active = false;
    walk_([&](const Field& field) { active |= field.active && field.path == path; });
    return active;
  }

  std::string file_;
  const FieldWalk& walk_;
  std::vector<std::string> paths_;
  std::map<std::string, Field> fields_;
  toml::table table_;
  std::map<std::string, Override> overrides_;
};

}  // namespace

absl::Status AssignFields(const ConfigSource& source, const FieldWalk& walk,
                          const std::function<void()>& reset) {
  Assigner assigner(source, walk);
  RETURN_IF_ERROR(assigner.ParseText(source.text));
  for (const std::string& argument : source.overrides) {
    RETURN_IF_ERROR(assigner.ParseOverride(argument));
  }
  RETURN_IF_ERROR(assigner.AssignAll(/*with_overrides=*/false));
  if (!source.overrides.empty()) {
    reset();
    RETURN_IF_ERROR(assigner.AssignAll(/*with_overrides=*/true));
  }
  return assigner.CheckProblems();
}

}  // namespace tessera
