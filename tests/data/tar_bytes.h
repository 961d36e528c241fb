// The bytes of a tar archive (POSIX ustar), for tests.
#pragma once

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

namespace tessera {

struct TarEntry {
  std::string name;
  std::string bytes = "";
  char type =
      '0';  // '1' is a hard link, '2' a symbolic one, '3' a device, '5' a folder, '6' a FIFO
  std::string target = "";
};

inline std::string TarBytes(const std::vector<TarEntry>& files) {
  std::string tar;
  for (const auto& [name, bytes, type, target] : files) {
    std::string header(512, '\0');
    const auto put = [&](size_t at, const std::string& value) {
      header.replace(at, value.size(), value);
    };
    char size[24];
    std::snprintf(size, sizeof(size), "%011zo", bytes.size());
    put(0, name);
    put(100, "0000644");
    put(124, size);
    put(148, "        ");  // the checksum counts itself as spaces
    put(156, std::string(1, type));
    put(157, target);
    put(257, std::string("ustar\00000", 8));
    const int sum = std::accumulate(header.begin(), header.end(), 0, [](int total, char byte) {
      return total + static_cast<unsigned char>(byte);
    });
    char checksum[16];
    std::snprintf(checksum, sizeof(checksum), "%06o", static_cast<unsigned>(sum));
    put(148, std::string(checksum, 7));
    tar += header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

}  // namespace tessera
