// Errors of the world on their way to Python, which knows them by their beginning. LibTorch makes a
// RuntimeError of any exception.
#pragma once

#include <stdexcept>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace tessera {

inline constexpr char kErrorMark[] = "tessera.Error: ";  // as tessera/errors.py has it

inline void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) {
    throw std::runtime_error(absl::StrCat(kErrorMark, status.message()));
  }
}

template <class T>
T ValueOrThrow(absl::StatusOr<T> value) {
  ThrowIfError(value.status());
  return *std::move(value);
}

}  // namespace tessera
