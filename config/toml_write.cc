// Printing: fields as TOML text and as a table for help. Needs no TOML library.
#include "absl/strings/str_cat.h"
#include "config/field_text.h"
#include "config/toml.h"

namespace tessera {
namespace {

// TOML cannot return to a section's own keys after a subsection, so lines are kept by section.
struct SectionText {
  std::string path;
  std::string doc;
  std::string lines;
};

std::string LastName(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string SectionOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
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
      sections.push_back({field.path, field.doc, ""});
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
    if (!section.path.empty()) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", "[", section.path, "]", Comment(section.doc),
                      "\n");
    }
    text += section.lines;
  }
  return text;
}

std::vector<FieldInfo> DescribeFields(const FieldWalk& walk) {
  std::vector<FieldInfo> infos;
  walk([&](const Field& field) {
    if (!field.path.empty()) {
      infos.push_back(
          {field.path, TypeText(field.ref), ValueText(field.ref), field.doc, field.active});
    }
  });
  return infos;
}

}  // namespace tessera
