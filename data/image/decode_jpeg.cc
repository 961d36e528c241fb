// jpeglib.h needs <cstdio> before it.
#include <cstdio>
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <csetjmp>
#include <string>

#include "config/status.h"
#include "data/image/decoders.h"
#include "data/image/orientation.h"

namespace tessera {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kApp1 = JPEG_APP0 + 1;

// What libjpeg-turbo cannot decode has a code of its own; any other of its errors is damage.
absl::Status NameError(int code, std::string_view message) {
  switch (code) {
    case JERR_BAD_PRECISION:
      return NotReadable("a JPEG of more than 8 bits");
    case JERR_SOF_UNSUPPORTED:
      return NotReadable("a lossless or hierarchical JPEG");
    case JERR_EMPTY_IMAGE:
      return NotReadable("a JPEG that gives its height behind its pixels, or none");
    case JERR_CONVERSION_NOTIMPL:
      return NotReadable("a JPEG of neither grey, colour nor CMYK");
  }
  return Damaged("JPEG", message);
}

// libjpeg's warnings, sorted: what it says of the pixels is damage, what it says of the header is
// not. Bytes before a marker are damage only behind the first scan, where they are pixels that
// nothing has read.
bool IsDamage(int code, bool in_scans) {
  return code == JWRN_EXTRANEOUS_DATA
             ? in_scans
             : code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR && code != JWRN_NOT_SEQUENTIAL;
}

// libjpeg's reader over bytes in memory, with its handlers turned into an error that is kept.
class JpegReader {
 public:
  explicit JpegReader(std::string_view bytes) {
    file_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr file) { Of(file).Jump(); };
    errors_.emit_message = [](j_common_ptr file, int level) { Of(file).Emit(level); };
    errors_.output_message = [](j_common_ptr) {};
    file_.client_data = this;
    jpeg_create_decompress(&file_);
    jpeg_save_markers(&file_, kApp1, 0xFFFF);
    jpeg_mem_src(&file_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  ~JpegReader() { jpeg_destroy_decompress(&file_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // The step must hold nothing with a destructor, since an error of libjpeg jumps out of it.
  template <class Step>
  absl::Status Run(Step step) {
    if (setjmp(jump_) == 0) {
      step(file_);
    }
    if (is_truncated_) {
      return Truncated("JPEG");
    }
    return message_[0] != 0 ? NameError(code_, message_) : absl::OkStatus();
  }

  const jpeg_decompress_struct& file() const { return file_; }

 private:
  static JpegReader& Of(j_common_ptr file) { return *static_cast<JpegReader*>(file->client_data); }

  void Keep() {
    if (message_[0] == 0) {
      code_ = errors_.msg_code;
      errors_.format_message(reinterpret_cast<j_common_ptr>(&file_), message_);
    }
  }
  void Jump() {
    Keep();
    longjmp(jump_, 1);
  }
  void Emit(int level) {
    constexpr int kWarning = -1;
    is_truncated_ |= level == kWarning && errors_.msg_code == JWRN_JPEG_EOF;
    if (level == kWarning && IsDamage(errors_.msg_code, file_.input_scan_number > 0)) {
      Keep();
    }
  }

  jpeg_decompress_struct file_;
  jpeg_error_mgr errors_;
  jmp_buf jump_;
  bool is_truncated_ = false;
  int code_ = 0;
  char message_[JMSG_LENGTH_MAX] = "";
};

// A JPEG that was cut between two scans and closed again has no other sign. A component without a
// scan never got its table; coef_bits counts what the scans of a progressive JPEG still owe.
bool MissesScans(const jpeg_decompress_struct& file) {
  for (int c = 0; c < file.num_components; ++c) {
    const bool seen = file.comp_info[c].quant_table != nullptr;
    const bool owes = file.coef_bits != nullptr &&
                      std::any_of(file.coef_bits[c], file.coef_bits[c] + DCTSIZE2,
                                  [](int missing_bits) { return missing_bits != 0; });
    if (!seen || owes) {
      return true;
    }
  }
  return false;
}

// Programs store CMYK inverted, as Adobe's do.
void CmykToRgb(const uint8_t* cmyk, int64_t count, uint8_t* rgb) {
  for (int64_t i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
    }
  }
}

int64_t OrientationIn(const jpeg_decompress_struct& file) {
  constexpr auto kExif = "Exif\0\0"sv, kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;
  std::string_view exif, xmp;
  for (const jpeg_marker_struct* marker = file.marker_list; marker; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with(kExif) && exif.empty()) {
      exif = data;
    } else if (data.starts_with(kXmp)) {
      xmp = data;
    }
  }
  return OrientationOf(exif, xmp);
}

}  // namespace

absl::StatusOr<StoredImage> DecodeJpeg(std::string_view bytes, int64_t max_pixels) {
  JpegReader reader(bytes);
  RETURN_IF_ERROR(
      reader.Run([](jpeg_decompress_struct& file) { jpeg_read_header(&file, /*require=*/TRUE); }));
  if (reader.file().arith_code) {  // whose end no one can tell
    return NotReadable("an arithmetically coded JPEG");
  }
  const int64_t height = reader.file().image_height, width = reader.file().image_width;
  ASSIGN_OR_RETURN(Image image, NewImage(height, width, max_pixels));
  const int64_t orientation = OrientationIn(reader.file());
  const bool is_cmyk = reader.file().num_components == 4;
  std::vector<uint8_t> cmyk(static_cast<size_t>(is_cmyk ? width * 4 : 0));
  bool misses_scans = false;
  RETURN_IF_ERROR(reader.Run([&, row = cmyk.data()](jpeg_decompress_struct& file) {
    file.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&file);
    while (file.output_scanline < file.output_height) {
      uint8_t* const rgb = &image.rgb[file.output_scanline * file.output_width * size_t{3}];
      uint8_t* target = is_cmyk ? row : rgb;
      jpeg_read_scanlines(&file, &target, 1);
      if (is_cmyk) {
        CmykToRgb(row, file.output_width, rgb);
      }
    }
    misses_scans = MissesScans(file);
    jpeg_finish_decompress(&file);
  }));
  if (misses_scans) {
    return Damaged("JPEG", "it ends before its last scan");
  }
  return StoredImage{std::move(image), orientation};
}

}  // namespace tessera
