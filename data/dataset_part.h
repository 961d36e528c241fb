// A data set without some of its documents.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace tessera {

// left_out: indices, ascending.
std::shared_ptr<const Dataset> Without(std::shared_ptr<const Dataset> dataset,
                                       const std::vector<int64_t>& left_out);

}  // namespace tessera
