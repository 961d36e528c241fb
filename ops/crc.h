// Checksums of bytes: cyclic redundancy checks of 32 bits, byte by byte over a table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tessera {

// Polynomials, lowest power in the highest bit.
constexpr uint32_t kCrc32 = 0xEDB88320;   // PNG (ISO 3309) and zip
constexpr uint32_t kCrc32c = 0x82F63B78;  // Castagnoli's, of TensorFlow's records

constexpr std::array<uint32_t, 256> CrcTable(uint32_t polynomial) {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
    }
    table[byte] = value;
  }
  return table;
}

template <uint32_t polynomial>
uint32_t Crc(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = CrcTable(polynomial);
  uint32_t value = ~uint32_t{0};
  for (const char byte : bytes) {
    value = (value >> 8) ^ kTable[(value ^ static_cast<unsigned char>(byte)) & 255];
  }
  return ~value;
}

}  // namespace tessera
