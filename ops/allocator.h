#pragma once

namespace tessera {

// Lets the C library keep what tensors free instead of handing it back to the system, which would
// fill it with zeros again at the next step: 13 % of a training step here. For programs, once,
// first.
void KeepFreedMemory();

}  // namespace tessera
