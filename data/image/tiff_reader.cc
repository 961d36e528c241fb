#include "data/image/tiff_reader.h"

#include <tiffio.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "data/image/decoders.h"

namespace tessera {

struct TiffReader::Client {
  static TiffReader& Of(thandle_t handle) { return *static_cast<TiffReader*>(handle); }

  static int OnError(TIFF*, void* handle, const char*, const char* format, va_list arguments) {
    if (Of(handle).error_.empty()) {
      char text[512];
      std::vsnprintf(text, sizeof text, format, arguments);
      Of(handle).error_ = text;
    }
    return 1;  // libtiff's own handler is not called
  }
  static int OnWarning(TIFF* file, void* handle, const char* module, const char* format,
                       va_list arguments) {
    return Of(handle).in_pixels_ ? OnError(file, handle, module, format, arguments) : 1;
  }
  static tmsize_t Read(thandle_t handle, void* out, tmsize_t size) {
    TiffReader& reader = Of(handle);
    const std::string_view found = reader.bytes_.substr(reader.at_, static_cast<size_t>(size));
    std::memcpy(out, found.data(), found.size());
    reader.at_ += found.size();
    reader.past_end_ |= std::ssize(found) < size;
    return std::ssize(found);
  }
  static tmsize_t Write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t Seek(thandle_t handle, toff_t offset, int) {  // always from the beginning
    Of(handle).at_ = std::min<size_t>(offset, Of(handle).bytes_.size());
    return offset;
  }
  static int Close(thandle_t) { return 0; }
  static toff_t Size(thandle_t handle) { return Of(handle).bytes_.size(); }
};

TiffReader::TiffReader(std::string_view bytes) : bytes_(bytes) {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options, Client::OnError, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, Client::OnWarning, this);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, kLargestBlock);
  constexpr char kWithoutMapping[] = "rm";
  file_ = TIFFClientOpenExt("", kWithoutMapping, this, Client::Read, Client::Write, Client::Seek,
                            Client::Close, Client::Size, nullptr, nullptr, options);
  TIFFOpenOptionsFree(options);
}

TiffReader::~TiffReader() {
  if (file_ != nullptr) {
    TIFFClose(file_);
  }
}

absl::Status TiffReader::OpenStatus() const {
  return past_end_
             ? Truncated("TIFF")
             : NotReadable(absl::StrCat("a TIFF whose header libtiff refuses (", error_, ")"));
}

void TiffReader::BeginPixels() {
  error_.clear();
  past_end_ = false;
  in_pixels_ = true;
}

absl::Status TiffReader::PixelStatus(bool all_read) const {
  if (!all_read && past_end_) {
    return Truncated("TIFF");
  }
  return all_read && error_.empty() ? absl::OkStatus() : Damaged("TIFF", error_);
}

}  // namespace tessera
