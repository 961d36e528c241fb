// A field's value and type as text.
#pragma once

#include <string>
#include <string_view>

#include "config/fields.h"

namespace tessera {

// In quotes, escaped as TOML's basic strings.
std::string QuoteToml(std::string_view text);

// As a TOML value; doubles in the shortest form that reads back exactly. Empty for a
// section, and the number of a list's.
std::string ValueText(const FieldRef& ref);

// "integer", "list of strings", "\"adamw\" | \"muon\"". Empty for a section.
std::string TypeText(const FieldRef& ref);

}  // namespace tessera
