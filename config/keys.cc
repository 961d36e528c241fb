#include "config/keys.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "config/field_text.h"
#include "config/suggest.h"

namespace tessera {

namespace {

constexpr char kAnyEntry[] = ".N";

// "list.N.key" for "list.3.key".
std::string AnyEntry(const std::string& path) {
  std::string any;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    absl::StrAppend(&any, IsIndex(name) ? kAnyEntry : absl::StrCat(any.empty() ? "" : ".", name));
  }
  return any;
}

}  // namespace

bool IsIndex(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

absl::Status Invalid(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(where.empty() ? what : absl::StrCat(where, ": ", what));
}

absl::Status Conflict(const std::string& where, const std::string& what) {
  return absl::FailedPreconditionError(Invalid(where, what).message());
}

std::string NeededChoice(const std::string& path, const FieldWalk& walk) {
  std::vector<Field> choices;
  walk([&](const Field& field) {
    if (std::holds_alternative<EnumRef>(field.ref)) {
      choices.push_back(field);
    }
  });
  for (const Field& choice : choices) {
    const EnumRef& ref = std::get<EnumRef>(choice.ref);
    const size_t before = ref.get(ref.value);
    for (size_t i = 0; i < ref.names.size(); ++i) {
      bool helps = false;
      ref.set(ref.value, i);
      walk([&](const Field& field) { helps |= field.active && field.path == path; });
      ref.set(ref.value, before);
      if (helps) {
        return absl::StrCat("set ", choice.path, " = ", QuoteToml(ref.names[i]), " or ");
      }
    }
  }
  return "";
}

absl::Status CheckProblems(const std::string& file, const FieldWalk& walk) {
  absl::Status status;
  walk([&](const Field& field) {
    const auto* section = std::get_if<SectionRef>(&field.ref);
    const std::string problem = section && field.active ? section->problem() : "";
    if (status.ok() && !problem.empty()) {
      status = Conflict(file, field.path.empty() ? problem : field.path + ": " + problem);
    }
  });
  return status;
}

Keys::Keys(const FieldWalk& walk) {
  WalkWithEntries(walk, [&](const Field& field) {
    const std::string path = AnyEntry(field.path);
    if (!path.empty() && types_.emplace(path, TypeText(field.ref)).second) {
      paths_.push_back(path);
    }
    if (field.is_list()) {
      lists_.push_back(path);
    }
  });
}

absl::Status Keys::Check(const std::string& where, const std::string& path, Form form) const {
  const auto type = types_.find(AnyEntry(path));
  if (type == types_.end()) {
    return Invalid(where, absl::StrCat(path, " is not a key; did you mean ", Nearest(path), "?"));
  }
  if (!type->second.empty()) {
    return form == Form::kKey ? absl::OkStatus()
                              : Invalid(where, absl::StrCat(path, " is a key of type ",
                                                            type->second, ", not a section"));
  }
  const bool list = std::ranges::find(lists_, path) != lists_.end();
  if (form == (list ? Form::kList : Form::kSection)) {
    return absl::OkStatus();
  }
  return Invalid(
      where, list ? absl::StrCat(path, " is a list of sections; write each as [[", path, "]]")
             : form == Form::kList ? absl::StrCat(path, " is one section; write it as [", path, "]")
                                   : absl::StrCat(path, " is a section; name one of its keys"));
}

// A right name in the wrong section is the likeliest slip.
std::string Keys::Nearest(const std::string& path) const {
  const std::string name = "." + path.substr(path.rfind('.') + 1);
  std::vector<std::string> same_name;
  for (const std::string& candidate : paths_) {
    if (("." + candidate).ends_with(name)) {
      same_name.push_back(candidate);
    }
  }
  const std::string nearest = tessera::Nearest(path, same_name.empty() ? paths_ : same_name);
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  const auto index = std::ranges::find_if(names, IsIndex);
  return index == names.end() ? nearest : absl::StrReplaceAll(nearest, {{kAnyEntry, "." + *index}});
}

}  // namespace tessera
