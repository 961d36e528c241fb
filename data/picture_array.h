// Pictures as one array of NumPy, which ADM's evaluator and its like read.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "files/files.h"

namespace tessera {

// Writes the pictures, in their order, as 'arr_0' of type uint8 [N, H, W, 3]. All must have one
// size. They are in memory at once.
absl::Status WritePictureArray(const std::vector<std::string>& pictures, const std::string& npz,
                               const Files& files);

}  // namespace tessera
