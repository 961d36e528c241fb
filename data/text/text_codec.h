// How text becomes ids and comes back, whatever kind of file says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// Const and thread-safe.
class TextCodec {
 public:
  virtual ~TextCodec() = default;
  virtual int64_t size() const = 0;
  virtual std::vector<int64_t> Encode(std::string_view text) const = 0;

  // Ids outside [0, size()) are passed over; bytes that are no UTF-8 become U+FFFD.
  virtual std::string Decode(const std::vector<int64_t>& ids) const = 0;
};

}  // namespace tessera
