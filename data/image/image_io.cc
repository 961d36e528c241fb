#include "data/image/image_io.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "config/status.h"
#include "data/image/decoders.h"

namespace tessera {
namespace {

constexpr int kWhite = 255;

// A view; OpenCV has no const one.
cv::Mat ViewOf(const Image& image) {
  return cv::Mat(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                 const_cast<uint8_t*>(image.rgb.data()));
}

Image ToImage(const cv::Mat& rgb) {
  Image image{rgb.rows, rgb.cols, std::vector<uint8_t>(rgb.total() * 3)};
  rgb.copyTo(ViewOf(image));
  return image;
}

absl::StatusOr<StoredImage> DecodeStored(std::string_view bytes, int64_t max_pixels) {
  ASSIGN_OR_RETURN(const ImageFormat format, FormatOf(bytes));
  switch (format) {
    case ImageFormat::kPng:
      return DecodePng(bytes, max_pixels);
    case ImageFormat::kJpeg:
      return DecodeJpeg(bytes, max_pixels);
    case ImageFormat::kWebp:
      return DecodeWebp(bytes, max_pixels);
    case ImageFormat::kBmp:
      return DecodeBmp(bytes, max_pixels);
    case ImageFormat::kTiff:
      return DecodeTiff(bytes, max_pixels);
  }
  return absl::InternalError("no format");
}

// EXIF 2.3, tag 274: from 5 on rows and columns are exchanged.
Image Upright(StoredImage stored) {
  const int64_t orientation = stored.orientation;
  if (orientation == 1) {
    return std::move(stored.image);
  }
  cv::Mat turned = ViewOf(stored.image);
  if (orientation >= 5) {
    cv::transpose(turned, turned);
  }
  const bool rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool cols = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  if (rows) {
    cv::flip(turned, turned, 0);
  }
  if (cols) {
    cv::flip(turned, turned, 1);
  }
  return ToImage(turned);
}

std::string Encode(const Image& image, const char* extension, const std::vector<int>& options) {
  cv::Mat bgr;
  cv::cvtColor(ViewOf(image), bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  cv::imencode(extension, bgr, bytes, options);
  return std::string(bytes.begin(), bytes.end());
}

Image Crop(const Image& image, int64_t height, int64_t width) {
  const cv::Rect middle(static_cast<int>((image.width - width) / 2),
                        static_cast<int>((image.height - height) / 2), static_cast<int>(width),
                        static_cast<int>(height));
  return ToImage(ViewOf(image)(middle));
}

Image Paste(const Image& image, int64_t top, int64_t left, Image onto) {
  for (int64_t y = 0; y < image.height; ++y) {
    std::copy_n(&image.rgb[static_cast<size_t>(y * image.width * 3)], image.width * 3,
                &onto.rgb[static_cast<size_t>(((top + y) * onto.width + left) * 3)]);
  }
  return onto;
}

Image WhiteImage(int64_t height, int64_t width) {
  return {height, width,
          std::vector<uint8_t>(static_cast<size_t>(height * width * 3), uint8_t{kWhite})};
}

// numerator * length / denominator, rounded, at least 1.
int64_t Scale(int64_t length, int64_t numerator, int64_t denominator) {
  return std::max<int64_t>(1, (2 * numerator * length + denominator) / (2 * denominator));
}

}  // namespace

absl::StatusOr<Image> DecodeImage(std::string_view bytes, int64_t max_pixels) {
  ASSIGN_OR_RETURN(StoredImage stored, DecodeStored(bytes, max_pixels));
  return Upright(std::move(stored));
}

std::string EncodePng(const Image& image) { return Encode(image, ".png", {}); }

std::string EncodeJpeg(const Image& image, int quality) {
  return Encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

Image Resize(const Image& image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) {
    return image;
  }
  const cv::Size shrunk(static_cast<int>(std::min(image.width, width)),
                        static_cast<int>(std::min(image.height, height)));
  cv::Mat small, resized;
  cv::resize(ViewOf(image), small, shrunk, 0, 0, cv::INTER_AREA);
  cv::resize(small, resized, cv::Size(static_cast<int>(width), static_cast<int>(height)), 0, 0,
             cv::INTER_CUBIC);
  return ToImage(resized);
}

Image FitTo(const Image& image, int64_t height, int64_t width, Fit fit) {
  // Relative to the target the picture is wider if it still overhangs when the heights agree.
  const bool is_wider = image.width * height > image.height * width;
  switch (fit) {
    case Fit::kStretch:
      return Resize(image, height, width);
    case Fit::kCover: {
      const int64_t rows = is_wider ? image.height : Scale(image.width, height, width);
      const int64_t cols = is_wider ? Scale(image.height, width, height) : image.width;
      return Resize(Crop(image, std::min(rows, image.height), std::min(cols, image.width)), height,
                    width);
    }
    case Fit::kContain: {
      const int64_t rows = is_wider ? Scale(image.height, width, image.width) : height;
      const int64_t cols = is_wider ? width : Scale(image.width, height, image.height);
      return Paste(Resize(image, rows, cols), (height - rows) / 2, (width - cols) / 2,
                   WhiteImage(height, width));
    }
  }
  return image;
}

Image ContactSheet(const std::vector<Image>& images, int64_t columns, int64_t margin,
                   int64_t scale) {
  int64_t cell_height = 0, cell_width = 0;
  for (const Image& image : images) {
    cell_height = std::max(cell_height, image.height * scale + margin);
    cell_width = std::max(cell_width, image.width * scale + margin);
  }
  const int64_t count = std::ssize(images);
  columns = std::clamp<int64_t>(columns, 1, std::max<int64_t>(count, 1));
  const int64_t rows = (count + columns - 1) / columns;
  Image sheet = WhiteImage(rows * cell_height + margin, columns * cell_width + margin);
  for (int64_t i = 0; i < count; ++i) {
    cv::Mat enlarged;
    cv::resize(ViewOf(images[i]), enlarged, {}, static_cast<double>(scale),
               static_cast<double>(scale), cv::INTER_NEAREST);
    sheet = Paste(ToImage(enlarged), margin + i / columns * cell_height,
                  margin + i % columns * cell_width, std::move(sheet));
  }
  return sheet;
}

}  // namespace tessera
