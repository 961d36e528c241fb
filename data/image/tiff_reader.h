// libtiff over bytes in memory, with its handlers turned into an error that is kept.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

struct tiff;  // libtiff's TIFF

namespace tessera {

class TiffReader {
 public:
  static constexpr int64_t kLargestBlock = int64_t{1} << 30;  // bytes of one strip or tile

  explicit TiffReader(std::string_view bytes);
  ~TiffReader();
  TiffReader(const TiffReader&) = delete;
  TiffReader& operator=(const TiffReader&) = delete;

  tiff* file() const { return file_; }  // null if the first directory cannot be read
  std::string_view bytes() const { return bytes_; }

  // Why file() is null.
  absl::Status OpenStatus() const;

  // Behind the directory, where libtiff warns of much, its warnings are of damage.
  void BeginPixels();
  absl::Status PixelStatus(bool all_read) const;

  struct Client;  // what libtiff calls

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool past_end_ = false, in_pixels_ = false;
  std::string error_;
  tiff* file_ = nullptr;
};

}  // namespace tessera
