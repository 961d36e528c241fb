#include "data/image/picture_names.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera {
namespace {

constexpr std::array kRead = {"png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"};
constexpr std::array kRefused = {"gif", "avif", "heic", "svg", "psd"};

}  // namespace

std::string ExtensionOf(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : absl::AsciiStrToLower(std::string(name.substr(dot + 1)));
}

bool IsReadablePicture(std::string_view name) {
  return std::ranges::find(kRead, ExtensionOf(name)) != kRead.end();
}

bool IsPicture(std::string_view name) {
  return IsReadablePicture(name) ||
         std::ranges::find(kRefused, ExtensionOf(name)) != kRefused.end();
}

std::string ReadableEndings() { return absl::StrCat(".", absl::StrJoin(kRead, ", .")); }

}  // namespace tessera
