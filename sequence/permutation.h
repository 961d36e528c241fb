// A shuffled order in constant memory: a keyed bijection of 0 .. size-1 onto itself.
#pragma once

#include <cstdint>

namespace tessera {

// Where index goes, 0 <= index < size. Pure; every key is another order.
int64_t Permute(int64_t index, int64_t size, uint64_t key);

}  // namespace tessera
