#include "analysis/report/machine.h"

#include <algorithm>

namespace tessera {

std::string Processor(const Files& files) {
  const std::string text = files.Read("/proc/cpuinfo").value_or("");
  const size_t name = text.find("model name");
  const size_t begin = text.find(": ", std::min(name, text.size()));
  return begin == std::string::npos ? "an unnamed processor"
                                    : text.substr(begin + 2, text.find('\n', begin) - begin - 2);
}

std::string LastName(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path.substr(path.rfind('/') + 1);
}

}  // namespace tessera
