#include "config/suggest.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <vector>

namespace tessera {
namespace {

bool SameLetter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

int64_t EditDistance(std::string_view a, std::string_view b) {
  const int64_t rows = std::ssize(a) + 1, cols = std::ssize(b) + 1;
  std::vector<int64_t> cell(rows * cols);
  const auto at = [&](int64_t i, int64_t j) -> int64_t& { return cell[i * cols + j]; };
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1,
                           at(i - 1, j - 1) + (SameLetter(a[i - 1], b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && SameLetter(a[i - 1], b[j - 2]) && SameLetter(a[i - 2], b[j - 1])) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return cell.back();
}

std::string Nearest(std::string_view word, std::span<const std::string> candidates) {
  const auto nearest = std::ranges::min_element(
      candidates, {}, [&](const std::string& candidate) { return EditDistance(word, candidate); });
  return nearest == candidates.end() ? std::string() : *nearest;
}

std::string Similar(std::string_view word, std::span<const std::string> candidates) {
  std::vector<std::string> whole;  // the word and an ending
  std::ranges::copy_if(candidates, std::back_inserter(whole), [&](const std::string& candidate) {
    return !word.empty() && candidate.starts_with(std::string(word) + ".");
  });
  if (!whole.empty()) {
    return Nearest(word, whole);
  }
  const std::string nearest = Nearest(word, candidates);
  const auto letters = static_cast<int64_t>(std::max(word.size(), nearest.size()));
  return 3 * EditDistance(word, nearest) <= letters ? nearest : std::string();
}

}  // namespace tessera
