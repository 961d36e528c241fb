// What the samples of a TIFF show: from strips and tiles to RGB over white.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/image/image.h"

namespace tessera {

enum class TiffColours { kWhiteIsZero, kBlackIsZero, kRgb, kPalette, kCmyk };

struct TiffLayout {
  int64_t height = 0, width = 0;
  TiffColours colours = TiffColours::kBlackIsZero;
  int64_t bits = 1;                // of a sample, 1 to 16
  int64_t samples = 1;             // of a pixel
  bool has_planes = false;         // each sample has strips or tiles of its own
  std::vector<int64_t> used = {};  // the samples that are shown: colours, then alpha
  bool has_alpha = false;
  bool is_premultiplied = false;
  std::array<std::array<uint8_t, 256>, 3> palette = {};
};

// A strip or a tile, or one plane's. Rows are padded to whole bytes; samples of 16 bits are in the
// order of this machine, others begin at the highest bit.
struct TiffBlock {
  std::vector<uint8_t> bytes = {};
  int64_t y = 0, x = 0, height = 0, width = 0;
  int64_t plane = 0;

  int64_t row_bytes(const TiffLayout& layout) const {
    return (width * (layout.has_planes ? 1 : layout.samples) * layout.bits + 7) / 8;
  }
};

// The used samples of all pixels, interleaved, as 8 bits or as indices of the palette.
using TiffPixels = std::vector<uint8_t>;

void Unpack(const TiffLayout& layout, const TiffBlock& block, TiffPixels& pixels);
void Draw(const TiffLayout& layout, const TiffPixels& pixels, Image& image);

}  // namespace tessera
