#include <png.h>

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "config/status.h"
#include "data/image/decoders.h"
#include "data/image/orientation.h"
#include "data/image/over_white.h"

namespace tessera {
namespace {

// What libpng says of a chunk begins with its name. A chunk whose name begins with a small letter
// is not needed to show the picture, but tRNS holds alpha. Data behind the last pixel is idle.
bool IsDamage(std::string_view warning) {
  const bool of_pixels = warning.empty() || warning[0] < 'a' || warning.starts_with("tRNS");
  const bool idle =
      warning.ends_with("Too much image data") || warning.ends_with("Extra compressed data");
  return warning.ends_with("CRC error") || (of_pixels && !idle);
}

// libpng's reader over bytes in memory, with its handlers turned into an error that is kept.
class PngReader {
 public:
  explicit PngReader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, Fail, Warn);
    info_ = png_create_info_struct(png_);
    png_set_read_fn(png_, this, Read);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    // No chunk is longer than the file, so that a limit would refuse sound files alone.
    png_set_chunk_malloc_max(png_, std::max<size_t>(bytes.size(), 8'000'000));
    // Colour profiles and times are passed over; of texts, orientation is read. libpng's own reader
    // of eXIf drops a block that begins with `Exif\0\0`.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    constexpr png_byte kTexts[] = "iTXt\0tEXt\0zTXt", kExif[] = "eXIf";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_AS_DEFAULT, kTexts, 3);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_ALWAYS, kExif, 1);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // The step must hold nothing with a destructor, since an error of libpng jumps out of it.
  template <class Step>
  absl::Status Run(Step step) {
    if (setjmp(png_jmpbuf(png_)) != 0) {
      return past_end_ ? Truncated("PNG") : Damaged("PNG", *error_);
    }
    step(png_, info_);
    return error_ ? Damaged("PNG", *error_) : absl::OkStatus();
  }

  png_const_structp png() const { return png_; }
  png_infop info() const { return info_; }

 private:
  static PngReader& Of(png_structp png) { return *static_cast<PngReader*>(png_get_error_ptr(png)); }
  static void Fail(png_structp png, png_const_charp message) {
    Of(png).error_ = message;
    png_longjmp(png, 1);
  }
  static void Warn(png_structp png, png_const_charp message) {
    if (!Of(png).error_ && IsDamage(message)) {
      Of(png).error_ = message;
    }
  }
  static void Read(png_structp png, png_bytep out, size_t size) {
    std::string_view& rest = Of(png).rest_;
    if (size > rest.size()) {
      Of(png).past_end_ = true;
      png_error(png, "the file ends early");
    }
    std::memcpy(out, rest.data(), size);
    rest.remove_prefix(size);
  }

  std::string_view rest_;
  bool past_end_ = false;
  std::optional<std::string> error_;
  png_structp png_;
  png_infop info_;
};

// EXIF as ImageMagick writes it into a text: three lines of which the last is a length, then
// hexadecimal digits in lines.
std::string FromRawProfile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    text = end == text.npos ? "" : text.substr(end + 1);
  }
  std::string digits(text);
  std::erase_if(digits, [](unsigned char c) { return std::isxdigit(c) == 0; });
  digits.resize(digits.size() / 2 * 2);
  return absl::HexStringToBytes(digits);
}

int64_t OrientationIn(const PngReader& reader) {
  std::string_view exif, xmp;
  std::string raw_profile;
  png_textp texts = nullptr;
  const int num_texts = png_get_text(reader.png(), reader.info(), &texts, nullptr);
  for (int i = 0; i < num_texts; ++i) {
    const std::string_view key = texts[i].key;
    const bool is_international = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::string_view text(texts[i].text,
                                is_international ? texts[i].itxt_length : texts[i].text_length);
    if (key == "XML:com.adobe.xmp") {
      xmp = text;
    } else if (key == "Raw profile type exif") {
      raw_profile = FromRawProfile(text);
      exif = raw_profile;
    }
  }
  png_unknown_chunkp chunks = nullptr;
  if (png_get_unknown_chunks(reader.png(), reader.info(), &chunks) > 0) {
    exif = {reinterpret_cast<const char*>(chunks[0].data), chunks[0].size};
  }
  return OrientationOf(exif, xmp);
}

}  // namespace

absl::StatusOr<StoredImage> DecodePng(std::string_view bytes, int64_t max_pixels) {
  if (bytes.substr(0, 16).ends_with("CgBI")) {
    return NotReadable("a PNG in the form of iPhone programs (CgBI)");
  }
  PngReader reader(bytes);
  RETURN_IF_ERROR(reader.Run([](png_structp png, png_infop info) { png_read_info(png, info); }));
  const int64_t height = png_get_image_height(reader.png(), reader.info());
  const int64_t width = png_get_image_width(reader.png(), reader.info());
  ASSIGN_OR_RETURN(Image image, NewImage(height, width, max_pixels));
  RETURN_IF_ERROR(reader.Run([](png_structp png, png_infop info) {
    png_set_expand(png);  // palette, fewer than 8 bits and tRNS
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
  }));
  const bool has_alpha = png_get_channels(reader.png(), reader.info()) == 4;
  std::vector<uint8_t> rgba(static_cast<size_t>(has_alpha ? height * width * 4 : 0));
  std::vector<uint8_t*> rows(static_cast<size_t>(height));
  for (int64_t y = 0; y < height; ++y) {
    rows[y] = has_alpha ? &rgba[y * width * 4] : &image.rgb[y * width * 3];
  }
  RETURN_IF_ERROR(reader.Run([rows = rows.data()](png_structp png, png_infop info) {
    png_read_image(png, rows);
    png_read_end(png, info);
  }));
  if (has_alpha) {
    RgbaOverWhite(rgba.data(), height * width, image.rgb.data());
  }
  return StoredImage{std::move(image), OrientationIn(reader)};
}

}  // namespace tessera
