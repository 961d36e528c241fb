// A data set's Documents without their texts.
#pragma once

#include <memory>

#include "data/dataset.h"

namespace tessera {

std::unique_ptr<Dataset> PicturesAlone(std::unique_ptr<Dataset> dataset);

}  // namespace tessera
