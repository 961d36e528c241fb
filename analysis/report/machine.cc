#include "analysis/report/machine.h"

namespace tessera {

std::string LastName(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path.substr(path.rfind('/') + 1);
}

}  // namespace tessera
