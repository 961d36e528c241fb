// Printing: fields as TOML text and as a table for help. Needs no TOML library.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/field_text.h"
#include "config/keys.h"
#include "config/toml.h"

namespace tessera {
namespace {

// TOML cannot return to a section's own keys after a subsection, so lines are kept by section.
struct SectionText {
  std::string path;
  std::string header;
  std::string lines;
};

std::string LastName(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string SectionOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

// "[a.b]", and "[[list]]" for an entry; what follows "[[list]]" as "[list.part]" is its part.
std::string Header(const Field& field) {
  std::vector<std::string> names = absl::StrSplit(field.path, '.');
  std::erase_if(names, [](const std::string& name) { return IsIndex(name); });
  const std::string path = absl::StrJoin(names, ".");
  return std::get<SectionRef>(field.ref).is_entry ? absl::StrCat("[[", path, "]]")
                                                  : absl::StrCat("[", path, "]");
}

std::string Comment(const std::string& doc) { return doc.empty() ? "" : "  # " + doc; }

}  // namespace

std::string FieldsToToml(const FieldWalk& walk) {
  std::vector<SectionText> sections;
  walk([&](const Field& field) {
    if (!field.active) {
      return;
    }
    if (field.is_section()) {
      const std::string header = field.path.empty() ? "" : Header(field) + Comment(field.doc);
      sections.push_back({field.path, header, ""});
      return;
    }
    auto section = sections.begin();
    while (section->path != SectionOf(field.path)) {
      ++section;
    }
    absl::StrAppend(&section->lines, LastName(field.path), " = ", ValueText(field.ref),
                    Comment(field.doc), "\n");
  });
  std::string text;
  for (const SectionText& section : sections) {
    if (section.lines.empty()) {
      continue;
    }
    if (!section.header.empty()) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", section.header, "\n");
    }
    text += section.lines;
  }
  return text;
}

std::vector<FieldInfo> DescribeFields(const FieldWalk& walk) {
  std::vector<FieldInfo> infos;
  std::string empty_list = "-";  // no path begins so
  WalkWithEntries(walk, [&](const Field& field) {
    if (field.is_list() && std::get<SectionRef>(field.ref).size == 0) {
      empty_list = field.path + ".";
    }
    if (!field.path.empty()) {
      const bool active = field.active && !field.path.starts_with(empty_list);
      infos.push_back({field.path, TypeText(field.ref), ValueText(field.ref), field.doc, active});
    }
  });
  return infos;
}

}  // namespace tessera
