#include "config/keys.h"

#include "absl/strings/str_cat.h"
#include "config/field_text.h"
#include "config/suggest.h"

namespace tessera {

absl::Status Invalid(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(where.empty() ? what : absl::StrCat(where, ": ", what));
}

Keys::Keys(const FieldWalk& walk) {
  walk([&](const Field& field) {
    if (!field.path.empty()) {
      paths_.push_back(field.path);
      types_.emplace(field.path, TypeText(field.ref));
    }
  });
}

absl::Status Keys::Check(const std::string& where, const std::string& path, bool is_section) const {
  const auto type = types_.find(path);
  if (type == types_.end()) {
    return Invalid(where, absl::StrCat(path, " is not a key; did you mean ", Nearest(path), "?"));
  }
  const bool must_be_section = type->second.empty();
  if (must_be_section == is_section) {
    return absl::OkStatus();
  }
  return Invalid(where, must_be_section ? absl::StrCat(path, " is a section; name one of its keys")
                                        : absl::StrCat(path, " is a key of type ", type->second,
                                                       ", not a section"));
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
  return tessera::Nearest(path, same_name.empty() ? paths_ : same_name);
}

}  // namespace tessera
