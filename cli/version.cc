#include "cli/version.h"

#include <torch/version.h>

#include "absl/strings/str_cat.h"

namespace tessera {

std::string VersionText() {
  const std::string commit = TESSERA_COMMIT;  // empty in an archive without .git
  return absl::StrCat("tessera ", TESSERA_VERSION, commit.empty() ? "" : " (" + commit + ")",
                      ", LibTorch ", TORCH_VERSION);
}

}  // namespace tessera
