// What each signal does to a command:
//
//   SIGINT, SIGTERM, SIGHUP, SIGXCPU   stop it
//   SIGPIPE, SIGXFSZ                   do nothing: the write fails, which is an error like others
//
// Any other signal does what the system does, and one that the caller ignored stays ignored. A
// command that has nothing to save is stopped at once. One that has, which it says by
// ListenForStop, is asked by the first signal and stopped at once by the second.
#pragma once

#include <atomic>

namespace tessera {

inline std::atomic<bool> stop_requested = false;

// For main, before anything else.
void SetSignals();

// From now on there is something to save. Returns the flag that the first signal sets.
const std::atomic<bool>* ListenForStop();

}  // namespace tessera
