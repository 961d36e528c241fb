#include "data/image/tiff_pixels.h"

#include <algorithm>
#include <cstring>

#include "data/image/over_white.h"

namespace tessera {
namespace {

int64_t Sample(const uint8_t* row, int64_t i, int64_t bits) {
  if (bits == 8) {
    return row[i];
  }
  if (bits == 16) {
    uint16_t sample;
    std::memcpy(&sample, row + 2 * i, sizeof sample);
    return sample;
  }
  int64_t sample = 0;
  for (int64_t bit = i * bits; bit < (i + 1) * bits; ++bit) {
    sample = sample << 1 | (row[bit / 8] >> (7 - bit % 8) & 1);
  }
  return sample;
}

uint8_t To8Bits(int64_t sample, int64_t bits) {
  const int64_t highest = (1 << bits) - 1;
  return static_cast<uint8_t>(bits == 8 ? sample : (sample * 255 + highest / 2) / highest);
}

std::array<uint8_t, 3> ColourOf(const TiffLayout& layout, const uint8_t* pixel) {
  const auto cmyk = [&](int i) {
    return static_cast<uint8_t>(((255 - pixel[i]) * (255 - pixel[3]) + 127) / 255);
  };
  switch (layout.colours) {
    case TiffColours::kWhiteIsZero: {
      const auto grey = static_cast<uint8_t>(255 - pixel[0]);
      return {grey, grey, grey};
    }
    case TiffColours::kBlackIsZero:
      return {pixel[0], pixel[0], pixel[0]};
    case TiffColours::kRgb:
      return {pixel[0], pixel[1], pixel[2]};
    case TiffColours::kPalette:
      return {layout.palette[0][pixel[0]], layout.palette[1][pixel[0]],
              layout.palette[2][pixel[0]]};
    case TiffColours::kCmyk:
      return {cmyk(0), cmyk(1), cmyk(2)};
  }
  return {};
}

}  // namespace

void Unpack(const TiffLayout& layout, const TiffBlock& block, TiffPixels& pixels) {
  const int64_t num_used = std::ssize(layout.used), row_bytes = block.row_bytes(layout);
  const int64_t rows = std::min(block.height, layout.height - block.y);
  const int64_t cols = std::min(block.width, layout.width - block.x);
  for (int64_t used = 0; used < num_used; ++used) {
    if (layout.has_planes && layout.used[used] != block.plane) {
      continue;
    }
    const bool is_index = used == 0 && layout.colours == TiffColours::kPalette;
    const int64_t step = layout.has_planes ? 1 : layout.samples;
    const int64_t first = layout.has_planes ? 0 : layout.used[used];
    for (int64_t y = 0; y < rows; ++y) {
      const uint8_t* row = &block.bytes[y * row_bytes];
      uint8_t* out = &pixels[((block.y + y) * layout.width + block.x) * num_used + used];
      for (int64_t x = 0; x < cols; ++x) {
        const int64_t sample = Sample(row, first + x * step, layout.bits);
        out[x * num_used] = is_index ? static_cast<uint8_t>(sample) : To8Bits(sample, layout.bits);
      }
    }
  }
}

void Draw(const TiffLayout& layout, const TiffPixels& pixels, Image& image) {
  const int64_t num_used = std::ssize(layout.used);
  for (int64_t i = 0; i < image.height * image.width; ++i) {
    const uint8_t* pixel = &pixels[i * num_used];
    const std::array colour = ColourOf(layout, pixel);
    const int alpha = layout.has_alpha ? pixel[num_used - 1] : 255;
    for (size_t c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] = layout.is_premultiplied ? PremultipliedOverWhite(colour[c], alpha)
                                                     : OverWhite(colour[c], alpha);
    }
  }
}

}  // namespace tessera
