#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "config/status.h"
#include "data/image/byte_reader.h"
#include "data/image/decoders.h"
#include "data/image/orientation.h"
#include "data/image/over_white.h"

namespace tessera {
namespace {

const uint8_t* Data(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

std::string_view Chunk(const WebPDemuxer* file, const char* name) {
  WebPChunkIterator chunk;
  std::string_view data;
  if (WebPDemuxGetChunk(file, name, 1, &chunk)) {
    data = {reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size};
  }
  WebPDemuxReleaseChunkIterator(&chunk);
  return data;
}

std::string_view PixelData(const WebPDemuxer* file) {
  WebPIterator frame;
  std::string_view data;
  if (WebPDemuxGetFrame(file, 1, &frame)) {
    data = {reinterpret_cast<const char*>(frame.fragment.bytes), frame.fragment.size};
  }
  WebPDemuxReleaseIterator(&frame);
  return data;
}

// libwebp reads zeros, as an interrupted download leaves them, as pixels like others and gives no
// sign. But an encoder ends its data where the last pixel does, give or take a few bytes. So the
// last bytes are withheld at first: who has all pixels then has read something else than pixels.
bool Decode(std::string_view bytes, std::string_view pixels, WebPIDecoder* decoder) {
  constexpr int64_t kWithheld = 16;
  const int64_t end = pixels.data() + pixels.size() - bytes.data();
  return WebPIUpdate(decoder, Data(bytes), end - kWithheld) == VP8_STATUS_SUSPENDED &&
         WebPIUpdate(decoder, Data(bytes), bytes.size()) == VP8_STATUS_OK;
}

}  // namespace

absl::StatusOr<StoredImage> DecodeWebp(std::string_view bytes, int64_t max_pixels) {
  if (ByteReader(bytes, /*big_endian=*/false).Long(4) + 8 > std::ssize(bytes)) {
    return Truncated("WebP");
  }
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(Data(bytes), bytes.size(), &features) != VP8_STATUS_OK) {
    return Damaged("WebP", "its header contradicts its pixels, or itself");
  }
  if (features.has_animation) {
    return NotReadable("an animated WebP");
  }
  const WebPData data = {Data(bytes), bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> file(WebPDemux(&data),
                                                                      &WebPDemuxDelete);
  const std::string_view pixels = file ? PixelData(file.get()) : "";
  if (pixels.empty()) {
    return Damaged("WebP", "its chunks do not follow each other");
  }
  const int64_t height = features.height, width = features.width;
  ASSIGN_OR_RETURN(Image image, NewImage(height, width, max_pixels));
  std::vector<uint8_t> rgba(static_cast<size_t>(features.has_alpha ? height * width * 4 : 0));
  std::vector<uint8_t>& target = features.has_alpha ? rgba : image.rgb;
  const std::unique_ptr<WebPIDecoder, decltype(&WebPIDelete)> decoder(
      WebPINewRGB(features.has_alpha ? MODE_RGBA : MODE_RGB, target.data(), target.size(),
                  static_cast<int>(target.size() / static_cast<size_t>(height))),
      &WebPIDelete);
  if (!Decode(bytes, pixels, decoder.get())) {
    return Damaged("WebP", "its data do not end where its last pixel does");
  }
  if (features.has_alpha) {
    RgbaOverWhite(rgba.data(), height * width, image.rgb.data());
  }
  return StoredImage{std::move(image),
                     OrientationOf(Chunk(file.get(), "EXIF"), Chunk(file.get(), "XMP "))};
}

}  // namespace tessera
