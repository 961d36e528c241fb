#include "config/difference.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera {

std::vector<Difference> DifferencesOf(const std::vector<FieldInfo>& was,
                                      const std::vector<FieldInfo>& is, const Matters& matters) {
  std::vector<Difference> differences;
  for (const FieldInfo& now : is) {
    const auto before = std::ranges::find(was, now.path, &FieldInfo::path);
    const std::string value = before == was.end() ? "absent" : before->value;
    if (now.active && now.value != value && matters(now.path)) {
      differences.push_back({now.path, value, now.value});
    }
  }
  return differences;
}

std::string DifferencesText(const std::vector<Difference>& differences) {
  constexpr size_t kNamed = 3;
  std::vector<std::string> parts;
  for (const Difference& one : differences) {
    parts.push_back(absl::StrCat(one.path, " was ", one.was, ", is ", one.is));
  }
  if (parts.size() > kNamed) {
    parts.resize(kNamed);
    parts.push_back(absl::StrCat("and ", differences.size() - kNamed, " more"));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace tessera
