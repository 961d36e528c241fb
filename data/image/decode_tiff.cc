#include <tiffio.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/decoders.h"
#include "data/image/orientation.h"
#include "data/image/tiff_pixels.h"
#include "data/image/tiff_reader.h"
#include "data/image/zlib_stream.h"

namespace tessera {
namespace {

// What the header promises, as far as the pixels are read by us.
struct Header {
  uint16_t photometric = 0, bits = 1, samples = 1, planes = PLANARCONFIG_CONTIG;
  uint16_t format = SAMPLEFORMAT_UINT, compression = COMPRESSION_NONE, inks = INKSET_CMYK;
  uint32_t height = 0, width = 0;

  bool is_converted() const { return photometric == PHOTOMETRIC_YCBCR; }  // by libtiff
};

absl::StatusOr<Header> ReadHeader(TIFF* tiff, std::string_view bytes) {
  Header header;
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &header.height);
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &header.width);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &header.bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &header.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &header.planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &header.format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &header.compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_INKSET, &header.inks);
  // libtiff's own answer is a guess where the tag is missing, or where a palette is.
  const auto photometric = FindTiffTag(bytes, TIFFTAG_PHOTOMETRIC);
  if (!photometric) {
    return NotReadable("a TIFF that does not say what its numbers mean");
  }
  header.photometric = static_cast<uint16_t>(*photometric);
  return header;
}

absl::Status CheckNumbers(const Header& header) {
  if (header.format == SAMPLEFORMAT_IEEEFP) {
    return NotReadable("a TIFF of floating-point pixels");
  }
  if (header.format != SAMPLEFORMAT_UINT) {
    return NotReadable("a TIFF of signed, complex or undefined numbers");
  }
  const bool is_palette = header.photometric == PHOTOMETRIC_PALETTE;
  if (header.bits == 0 || header.bits > (is_palette ? 8 : 16) ||
      (header.is_converted() && header.bits != 8)) {
    return NotReadable(absl::StrCat("a TIFF of ", header.bits, "-bit ",
                                    header.is_converted() ? "YCbCr numbers"
                                    : is_palette          ? "indices of a palette"
                                                          : "numbers"));
  }
  if (header.compression == COMPRESSION_OJPEG || !TIFFIsCODECConfigured(header.compression)) {
    return NotReadable(absl::StrCat("a TIFF of compression ", header.compression));
  }
  return absl::OkStatus();
}

absl::StatusOr<TiffColours> ColoursOf(const Header& header) {
  switch (header.photometric) {
    case PHOTOMETRIC_MINISWHITE:
      return TiffColours::kWhiteIsZero;
    case PHOTOMETRIC_MINISBLACK:
      return TiffColours::kBlackIsZero;
    case PHOTOMETRIC_RGB:
      return TiffColours::kRgb;
    case PHOTOMETRIC_PALETTE:
      return TiffColours::kPalette;
    case PHOTOMETRIC_SEPARATED:
      if (header.inks == INKSET_CMYK) {
        return TiffColours::kCmyk;
      }
      return NotReadable("a TIFF of inks that are not CMYK");
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      return NotReadable("a TIFF of Lab colours");
  }
  return NotReadable(absl::StrCat("a TIFF of colours of kind ", header.photometric,
                                  " (PhotometricInterpretation), such as a camera's raw picture"));
}

// Four samples of RGB without a word on the fourth are taken for RGBA, as everybody does.
void FindAlpha(TIFF* tiff, std::string_view bytes, TiffLayout& layout) {
  uint16_t count = 0;
  uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds);
  const bool is_told = FindTiffTag(bytes, TIFFTAG_EXTRASAMPLES).has_value();
  const bool is_rgba = layout.colours == TiffColours::kRgb && layout.samples == 4 && !is_told;
  const int64_t num_colours = std::ssize(layout.used);
  const int64_t num_extras = std::min<int64_t>(count, layout.samples - num_colours);
  for (int64_t i = 0; i < num_extras && !layout.has_alpha; ++i) {
    layout.has_alpha = is_rgba || kinds[i] != EXTRASAMPLE_UNSPECIFIED;
    layout.is_premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
    if (layout.has_alpha) {
      layout.used.push_back(num_colours + i);
    }
  }
}

absl::StatusOr<TiffLayout> ReadLayout(TIFF* tiff, const Header& header, std::string_view bytes) {
  ASSIGN_OR_RETURN(const TiffColours colours, ColoursOf(header));
  const int64_t num_colours = colours == TiffColours::kRgb    ? 3
                              : colours == TiffColours::kCmyk ? 4
                                                              : 1;
  if (header.samples < num_colours) {
    return NotReadable(absl::StrCat("a TIFF of ", header.samples,
                                    " samples where its colours have ", num_colours));
  }
  TiffLayout layout{.height = header.height,
                    .width = header.width,
                    .colours = colours,
                    .bits = header.bits,
                    .samples = header.samples,
                    .has_planes = header.planes == PLANARCONFIG_SEPARATE};
  for (int64_t i = 0; i < num_colours; ++i) {
    layout.used.push_back(i);
  }
  FindAlpha(tiff, bytes, layout);
  if (uint16_t * maps[3]; colours == TiffColours::kPalette &&
                          TIFFGetField(tiff, TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2])) {
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < 1 << header.bits; ++i) {
        layout.palette[c][i] = static_cast<uint8_t>(maps[c][i] >> 8);
      }
    }
  } else if (colours == TiffColours::kPalette) {
    return Damaged("TIFF", "its palette is missing");
  }
  return layout;
}

// libtiff stops where the block is full, and so before the checksum of deflated data.
bool EndsWhole(const TiffReader& reader, uint32_t index, size_t max_size) {
  uint16_t compression = COMPRESSION_NONE, fill_order = FILLORDER_MSB2LSB;
  TIFFGetFieldDefaulted(reader.file(), TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(reader.file(), TIFFTAG_FILLORDER, &fill_order);
  if ((compression != COMPRESSION_ADOBE_DEFLATE && compression != COMPRESSION_DEFLATE) ||
      fill_order != FILLORDER_MSB2LSB) {
    return true;
  }
  const size_t offset = TIFFGetStrileOffset(reader.file(), index);
  const size_t size = TIFFGetStrileByteCount(reader.file(), index);
  return offset < reader.bytes().size() &&
         IsWholeZlibStream(reader.bytes().substr(offset, size), max_size);
}

absl::Status Read(const TiffReader& reader, const TiffLayout& layout, TiffBlock& block) {
  TIFF* const tiff = reader.file();
  const auto x = static_cast<uint32_t>(block.x), y = static_cast<uint32_t>(block.y);
  const auto plane = static_cast<uint16_t>(block.plane);
  const auto size = static_cast<tmsize_t>(block.bytes.size());
  uint32_t index = 0;
  bool all_read = false;
  if (TIFFIsTiled(tiff)) {
    index = TIFFComputeTile(tiff, x, y, 0, plane);
    all_read = TIFFReadEncodedTile(tiff, index, block.bytes.data(), size) == size;
  } else {
    index = TIFFComputeStrip(tiff, y, plane);
    const int64_t rows = std::min(block.height, layout.height - block.y);
    all_read = TIFFReadEncodedStrip(tiff, index, block.bytes.data(), size) >=
               rows * block.row_bytes(layout);
  }
  RETURN_IF_ERROR(reader.PixelStatus(all_read));
  return EndsWhole(reader, index, block.bytes.size())
             ? absl::OkStatus()
             : Damaged("TIFF", "the checksum of its data does not match");
}

absl::Status DrawSamples(TiffReader& reader, const TiffLayout& layout, Image& image) {
  TIFF* const tiff = reader.file();
  const bool tiled = TIFFIsTiled(tiff) != 0;
  uint32_t height = 0, width = static_cast<uint32_t>(layout.width);
  TIFFGetFieldDefaulted(tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &height);
  if (tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  }
  TiffBlock block{.height = tiled ? height : std::min<int64_t>(height, layout.height),
                  .width = width};
  const int64_t size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
  if (size <= 0 || size > TiffReader::kLargestBlock ||
      size != block.height * block.row_bytes(layout)) {
    return NotReadable(absl::StrCat("a TIFF in pieces of ", height, " x ", width, " pixels"));
  }
  block.bytes.resize(static_cast<size_t>(size));
  TiffPixels pixels(static_cast<size_t>(layout.height * layout.width) * layout.used.size());
  for (block.plane = 0; block.plane < (layout.has_planes ? layout.samples : 1); ++block.plane) {
    for (block.y = 0; block.y < layout.height; block.y += block.height) {
      for (block.x = 0; block.x < layout.width; block.x += block.width) {
        RETURN_IF_ERROR(Read(reader, layout, block));
        Unpack(layout, block, pixels);
      }
    }
  }
  Draw(layout, pixels, image);
  return absl::OkStatus();
}

absl::Status DrawConverted(TiffReader& reader, Image& image) {
  TIFFRGBAImage view;
  char message[1024];
  if (!TIFFRGBAImageBegin(&view, reader.file(), /*stop on error*/ 1, message)) {
    return NotReadable(absl::StrCat("a TIFF that libtiff cannot convert (", message, ")"));
  }
  view.req_orientation = view.orientation;  // we turn it ourselves
  const auto height = static_cast<uint32_t>(image.height),
             width = static_cast<uint32_t>(image.width);
  std::vector<uint32_t> pixels(static_cast<size_t>(image.height * image.width));
  const bool all_read = TIFFRGBAImageGet(&view, pixels.data(), width, height) != 0;
  TIFFRGBAImageEnd(&view);
  for (size_t i = 0; i < pixels.size(); ++i) {
    image.rgb[3 * i] = TIFFGetR(pixels[i]);
    image.rgb[3 * i + 1] = TIFFGetG(pixels[i]);
    image.rgb[3 * i + 2] = TIFFGetB(pixels[i]);
  }
  return reader.PixelStatus(all_read);
}

std::string_view XmpOf(TIFF* tiff) {
  uint32_t size = 0;
  const char* xmp = nullptr;
  return TIFFGetField(tiff, TIFFTAG_XMLPACKET, &size, &xmp) ? std::string_view(xmp, size) : "";
}

}  // namespace

absl::StatusOr<StoredImage> DecodeTiff(std::string_view bytes, int64_t max_pixels) {
  TiffReader reader(bytes);
  if (reader.file() == nullptr) {
    return reader.OpenStatus();
  }
  ASSIGN_OR_RETURN(const Header header, ReadHeader(reader.file(), bytes));
  RETURN_IF_ERROR(CheckNumbers(header));
  ASSIGN_OR_RETURN(Image image, NewImage(header.height, header.width, max_pixels));
  reader.BeginPixels();
  if (header.is_converted()) {
    RETURN_IF_ERROR(DrawConverted(reader, image));
  } else {
    ASSIGN_OR_RETURN(const TiffLayout layout, ReadLayout(reader.file(), header, bytes));
    RETURN_IF_ERROR(DrawSamples(reader, layout, image));
  }
  return StoredImage{std::move(image), OrientationOf(bytes, XmpOf(reader.file()))};
}

}  // namespace tessera
