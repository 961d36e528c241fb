#include "files/processor.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_split.h"

namespace tessera {
namespace {

// The rest of the first line of /proc/cpuinfo whose key begins so; empty if there is none.
std::string FirstOf(const Files& files, std::string_view key) {
  const std::string text = files.Read("/proc/cpuinfo").value_or("");
  const size_t line = text.find(key);
  const size_t begin = text.find(": ", std::min(line, text.size()));
  return begin == std::string::npos ? ""
                                    : text.substr(begin + 2, text.find('\n', begin) - begin - 2);
}

bool Multiplies(absl::string_view word) {
  const std::string flag(word);
  constexpr std::array<std::string_view, 6> kBeginnings = {"avx", "amx", "fma",
                                                           "sve", "sme", "asimd"};
  constexpr std::array<std::string_view, 4> kNames = {"f16c", "sse4_2", "bf16", "i8mm"};
  return std::ranges::find(kNames, flag) != kNames.end() ||
         std::ranges::any_of(kBeginnings,
                             [&](std::string_view begin) { return flag.starts_with(begin); });
}

}  // namespace

std::string Processor(const Files& files) {
  const std::string name = FirstOf(files, "model name");
  return name.empty() ? "an unnamed processor" : name;
}

std::vector<std::string> InstructionSets(const Files& files) {
  const std::string x86 = FirstOf(files, "\nflags");
  const std::string flags = x86.empty() ? FirstOf(files, "\nFeatures") : x86;  // of Arm
  return absl::StrSplit(flags, ' ', Multiplies);
}

}  // namespace tessera
