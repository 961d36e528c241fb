// Ends of a computation that are no faults of the program.
#pragma once

#include <exception>
#include <stdexcept>

namespace tessera {

// Is thrown where a computation finds that it was asked to stop.
struct Stopped : std::exception {
  const char* what() const noexcept override { return "stopped"; }
};

// Is thrown where numbers that are no numbers any more would become a picture or a text.
struct NotFinite : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tessera
