// The rooms of the source tree and the places of libraries, as docs/architecture.md has them.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tessera {

struct Folder {
  std::string_view name;
  int level;  // a folder may include itself and the folders of lower levels
};
inline constexpr std::array kFolders = {
    Folder{"config", 0},      Folder{"ops", 0},     Folder{"heads", 1},    Folder{"files", 1},
    Folder{"distributed", 1}, Folder{"data", 2},    Folder{"sequence", 3}, Folder{"model", 4},
    Folder{"infer", 5},       Folder{"run", 6},     Folder{"train", 7},    Folder{"analysis", 8},
    Folder{"cli", 9},         Folder{"python", 10}, Folder{"examples", 9}};

// How a library's headers begin, and the files that may include them.
inline const std::map<std::string_view, std::set<std::string>>& Libraries() {
  static const std::map<std::string_view, std::set<std::string>> libraries = {
      {"opencv2/", {"data/shapes/draw.cc", "data/image/image_io.cc"}},
      {"png.h", {"data/image/decode_png.cc"}},
      {"jpeglib.h", {"data/image/decode_jpeg.cc"}},
      {"webp/", {"data/image/decode_webp.cc"}},
      {"tiffio.h", {"data/image/decode_tiff.cc", "data/image/tiff_reader.cc"}},
      {"zlib.h", {"data/image/zlib_stream.cc"}},
      {"pcre2.h", {"data/text/word_cutter.cc"}},
      {"utf8proc.h", {"data/text/tokenizer_json.cc"}},
      {"sentencepiece", {"data/text/sentence_pieces.cc"}},
      {"archive", {"data/archive_contents.cc", "data/archive_reader.cc", "data/tar_writer.cc"}},
      {"arrow/", {"data/parquet_file.cc"}},
      {"toml++/", {"config/toml.cc"}},
      {"gloo/", {}},  // by LibTorch's own header alone, in distributed/gloo.cc
      {"nlohmann/", {"files/json.cc"}}};
  return libraries;
}

}  // namespace tessera
