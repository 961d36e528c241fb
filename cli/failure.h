// What the user is told of an exception: memory that is not there, numbers that are not finite, and
// faults of the program or of a library.
#pragma once

#include <exception>
#include <string>

namespace tessera {

struct Failure {
  std::string sentence;
  int exit_code;
};

Failure FailureOf(const std::exception_ptr& exception);

}  // namespace tessera
