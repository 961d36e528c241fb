#include "data/file_names.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <span>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 13> kRead = {
    "png", "jpg", "jpeg", "jpe", "jfif", "jif", "jfi", "apng", "webp", "bmp", "dib", "tif", "tiff"};

// OpenCV reads some of these (jp2, ppm, exr, hdr, ras). They are rare in data sets, and nothing
// here checks their headers, so they are named like the others.
constexpr std::array<std::string_view, 45> kUnread = {
    "gif", "avif", "heic", "heif", "hif", "jxl", "svg", "svgz", "psd", "xcf", "ico", "cur",
    "jp2", "j2k",  "j2c",  "jpc",  "jpf", "jpx", "jpm", "jxr",  "wdp", "ppm", "pgm", "pbm",
    "pnm", "pam",  "pfm",  "exr",  "hdr", "pic", "ras", "sr",   "qoi", "dds", "tga", "pcx",
    "dng", "cr2",  "cr3",  "nef",  "arw", "orf", "rw2", "raf",  "flif"};

constexpr std::array<std::string_view, 2> kCaption = {"txt", "caption"};  // best first

constexpr std::array<std::string_view, 3> kRows = {"metadata.jsonl", "metadata.csv", "docs.jsonl"};

constexpr std::array<std::string_view, 22> kCaptionLike = {
    "cap",  "captions", "text",    "tags",  "tag",     "label", "lbl", "cls",
    "json", "jsonl",    "json1",   "jsonc", "ndjson",  "csv",   "tsv", "xml",
    "yaml", "yml",      "parquet", "arrow", "feather", "xlsx"};

constexpr std::array<std::string_view, 11> kArchive = {"tar", "tgz", "gz",  "zip", "bz2", "tbz2",
                                                       "xz",  "txz", "zst", "7z",  "rar"};

// Windows, Linux disks, and the network drives of Synology and QNAP.
constexpr std::array<std::string_view, 14> kSystem = {
    "thumbs.db",          "ehthumbs.db", "desktop.ini",
    "$recycle.bin",       "recycler",    "system volume information",
    "lost+found",         "@eadir",      "@tmp",
    "#recycle",           "#snapshot",   "@recycle",
    "@recently-snapshot", "@sharebin"};

constexpr std::array<std::pair<std::string_view, Split>, 10> kSplits = {
    {{"train", Split::kTrain},
     {"training", Split::kTrain},
     {"validation", Split::kTest},
     {"valid", Split::kTest},
     {"val", Split::kTest},
     {"dev", Split::kTest},
     {"test", Split::kTest},
     {"testing", Split::kTest},
     {"eval", Split::kTest},
     {"evaluation", Split::kTest}}};

bool Has(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(std::string(text)); }

// Calls visit(part, is_folder) for each part of the name, outermost first, until it returns true.
template <class Visit>
bool AnyPart(std::string_view name, const Visit& visit) {
  while (true) {
    const size_t slash = name.find('/');
    if (visit(name.substr(0, slash), slash != name.npos)) {
      return true;
    }
    if (slash == name.npos) {
      return false;
    }
    name.remove_prefix(slash + 1);
  }
}

struct SplitFolder {
  Split split;
  std::string_view path;  // "data/val/"
};

// The outermost folder of the name that names a split.
std::optional<SplitFolder> OutermostSplit(std::string_view name) {
  std::optional<SplitFolder> found;
  AnyPart(name, [&](std::string_view part, bool is_folder) {
    if (const std::optional<Split> split = is_folder ? SplitNamed(part) : std::nullopt) {
      found = {*split, name.substr(0, part.data() + part.size() + 1 - name.data())};
    }
    return found.has_value();
  });
  return found;
}

}  // namespace

FileKind KindOf(std::string_view name) {
  const std::string ending = ExtensionOf(name);
  return Has(kRead, ending)            ? FileKind::kPicture
         : Has(kUnread, ending)        ? FileKind::kUnreadPicture
         : Has(kCaption, ending)       ? FileKind::kCaption
         : Has(kRows, LowerBase(name)) ? FileKind::kRows
         : Has(kCaptionLike, ending)   ? FileKind::kCaptionLike
         : Has(kArchive, ending)       ? FileKind::kArchive
                                       : FileKind::kOther;
}

bool IsPicture(std::string_view name) {
  const FileKind kind = KindOf(name);
  return kind == FileKind::kPicture || kind == FileKind::kUnreadPicture;
}

bool IsReadablePicture(std::string_view name) { return KindOf(name) == FileKind::kPicture; }

std::string ReadableEndings() {
  const std::vector<std::string> endings(kRead.begin(), kRead.end());
  return absl::StrCat(".", absl::StrJoin(endings, ", ."));
}

std::string ExtensionOf(std::string_view name) {
  const std::string base = LowerBase(name);
  const size_t dot = base.rfind('.');
  return dot == base.npos ? "" : base.substr(dot + 1);
}

std::string LowerBase(std::string_view name) {
  return Lower(name.substr(name.rfind('/') + 1));  // npos + 1 is 0
}

bool IsHidden(std::string_view name) {
  return AnyPart(name, [](std::string_view part, bool is_folder) {
    return part.starts_with('.') || (is_folder && part.starts_with("__")) ||
           Has(kSystem, Lower(part));
  });
}

CaptionFinder::CaptionFinder(const std::vector<std::string>& names) {
  for (const std::string& name : std::views::reverse(names)) {  // "a.txt" before "a.TXT"
    if (KindOf(name) == FileKind::kCaption) {
      const std::string ending = ExtensionOf(name);
      by_small_ending_.emplace(name.substr(0, name.size() - ending.size()) + ending, name);
    }
  }
}

std::vector<std::string> CaptionFinder::Of(const std::string& picture) const {
  const std::string stem = picture.substr(0, picture.rfind('.'));
  std::vector<std::string> captions;
  for (const std::string_view ending : kCaption) {
    for (const std::string& named_after : {stem, picture}) {
      const auto [begin, end] =
          by_small_ending_.equal_range(absl::StrCat(named_after, ".", std::string(ending)));
      for (auto found = begin; found != end; ++found) {
        captions.push_back(found->second);
      }
    }
  }
  return captions;
}

std::optional<Split> SplitNamed(std::string_view name) {
  const std::string lower = Lower(name);
  std::optional<Split> split;
  for (size_t at = 0; at < lower.size();) {
    const auto is_sign = [](unsigned char c) { return c < 0x80 && !absl::ascii_isalpha(c); };
    const size_t end = std::find_if(lower.begin() + at, lower.end(), is_sign) - lower.begin();
    const auto* found = std::ranges::find(kSplits, std::string_view(lower).substr(at, end - at),
                                          &std::pair<std::string_view, Split>::first);
    at = end + 1;
    if (found == kSplits.end()) {
      continue;
    }
    if (split && *split != found->second) {
      return std::nullopt;
    }
    split = found->second;
  }
  return split;
}

std::vector<std::string> SplitWords() {
  std::vector<std::string> words;
  for (const auto& [word, split] : kSplits) {
    words.emplace_back(word);
  }
  return words;
}

std::optional<NamedSplit> SplitOfFolder(std::string_view name) {
  const std::optional<SplitFolder> folder = OutermostSplit(name);
  return folder ? std::optional(
                      NamedSplit{folder->split, absl::StrCat("folder ", std::string(folder->path))})
                : std::nullopt;
}

std::vector<std::string> ClassesOf(const std::vector<std::string>& pictures) {
  std::vector<std::string> classes;
  std::set<ptrdiff_t> depths;
  for (const std::string_view picture : pictures) {
    const std::string_view folder = picture.substr(0, picture.rfind('/') + 1);  // npos + 1 is 0
    const std::optional<SplitFolder> split = OutermostSplit(picture);
    if (folder.empty() || (split && split->path == folder)) {
      return {};
    }
    depths.insert(std::ranges::count(folder, '/'));
    classes.emplace_back(folder.substr(0, folder.size() - 1));
    classes.back().erase(0, classes.back().rfind('/') + 1);
  }
  const bool differ = std::set(classes.begin(), classes.end()).size() > 1;
  return differ && depths.size() == 1 ? classes : std::vector<std::string>();
}

}  // namespace tessera
