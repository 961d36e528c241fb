// What the program's exit code says.
#pragma once

namespace tessera {

constexpr int kMissedOrFault = 1;  // numbers miss what was expected, output is lost, or a fault
constexpr int kBadInput = 2;       // a sentence on standard error says what to change
constexpr int kStopped = 130;      // a signal stopped it, as a shell says of Ctrl-C

}  // namespace tessera
