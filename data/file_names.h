// What the name of a file in a data set says: what it holds, whether it is hidden, which split it
// belongs to, and where a picture's caption may stand. Nothing else in the project decides this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace tessera {

enum class FileKind {
  kPicture,        // DecodeImage reads its format
  kUnreadPicture,  // DecodeImage refuses its format by name
  kCaption,        // the text of the picture that it is named after
  kRows,           // metadata.jsonl, metadata.csv, docs.jsonl
  kCaptionLike,    // a list or a text that nothing here reads
  kArchive,
  kOther
};

// Follows from the ending; letters of any case are equal.
FileKind KindOf(std::string_view name);

// Says whether the name is that of any picture, also of a format that is refused by name.
bool IsPicture(std::string_view name);

// Says whether the name is that of a format that DecodeImage reads.
bool IsReadablePicture(std::string_view name);

// Lists the endings of pictures that can be read: ".png, .jpg, ...".
std::string ReadableEndings();

// Returns what follows the last dot, in small letters; empty if there is none.
std::string ExtensionOf(std::string_view name);

// Returns the name without its folders, in small letters: "x/Metadata.CSV" is "metadata.csv".
std::string LowerBase(std::string_view name);

// Says whether what stands there is no data: a part of the name begins with a dot or a folder with
// two underscores, as for Hugging Face, or systems leave files of that name behind.
bool IsHidden(std::string_view name);

// Finds the captions of pictures among the names of a source: "a.txt" or "a.png.txt" for "a.png",
// then the like in .caption, each ending in any case.
class CaptionFinder {
 public:
  explicit CaptionFinder(const std::vector<std::string>& names);

  // Returns what is there, the one to read first.
  std::vector<std::string> Of(const std::string& picture) const;

 private:
  std::multimap<std::string, std::string> by_small_ending_;
};

// Follows from the words of Hugging Face: train, training; validation, valid, val, dev, which are
// tests here; test, testing, eval, evaluation. They stand in any case and alone between digits and
// other signs ("val2017", "my-train"). A name with words of two splits has none.
std::optional<Split> SplitNamed(std::string_view name);

// Lists the words of SplitNamed.
std::vector<std::string> SplitWords();

// A split, and what named it, for an account.
struct NamedSplit {
  Split split;
  std::string by;  // "folder val/", "\"split\": \"dev\""

  bool operator==(const NamedSplit&) const = default;
};

// Returns what the outermost folder that names a split says.
std::optional<NamedSplit> SplitOfFolder(std::string_view name);

// Returns the classes of pictures: the name of the folder that each lies in. They are none unless
// all pictures lie equally deep, in folders of two names at least, and in no folder that names the
// split. -> one for each picture, or nothing
std::vector<std::string> ClassesOf(const std::vector<std::string>& pictures);

}  // namespace tessera
