// The pictures of a source, decoded when asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "data/document.h"
#include "data/source.h"

namespace tessera {

struct PictureLimits {
  int64_t max_pixels = 64'000'000;
  int64_t height = 0;  // a picture at least twice as large on both axes is shrunk by a whole factor
  int64_t width = 0;   // to no less than that; 0 keeps it
  int64_t cache_bytes = int64_t{256} << 20;
};

// Thread-safe. Decoded pictures are kept until the cache is full and then never replaced: epochs
// visit every picture equally often, so keeping any set of them saves the same.
class Pictures {
 public:
  Pictures(std::shared_ptr<const Source> source, PictureLimits limits);

  // An error reads "'images/a.png' is a truncated PNG".
  absl::StatusOr<Image> Get(const std::string& name) const;

  // The bytes that it is decoded from.
  absl::StatusOr<std::string> File(const std::string& name) const { return source_->Read(name); }

 private:
  absl::StatusOr<Image> Decode(const std::string& name) const;

  std::shared_ptr<const Source> source_;
  PictureLimits limits_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const Image>> cache_;
  mutable int64_t cached_bytes_ = 0;
};

}  // namespace tessera
