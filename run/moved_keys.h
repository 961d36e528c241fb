// The keys of a run's config that earlier versions had elsewhere.
#pragma once

#include "config/moved_keys.h"

namespace tessera {

inline constexpr MovedKey kMovedKeys[] = {
    {"data.retry", "", "a file operation that fails for a passing reason is tried five times"},
};

}  // namespace tessera
