// Arrays in the files of NumPy: .npz, a zip of .npy, as evaluators of pictures exchange them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"

namespace tessera {

// The last axis runs fastest. type is NumPy's: "|u1" for bytes, "<f8" for doubles.
struct NpyArray {
  std::string type;
  std::vector<int64_t> shape;
  std::string bytes;
};

NpyArray NpyOf(const std::vector<double>& numbers, std::vector<int64_t> shape);

// The bytes of a .npz whose arrays are not compressed. What needs more than 4 GiB is
// ResourceExhausted.
absl::StatusOr<std::string> ToNpz(const std::vector<std::pair<std::string, NpyArray>>& arrays);

struct Numbers {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

// Reads an array of f32 or f64, compressed or not.
absl::StatusOr<Numbers> ReadNumbers(const std::string& npz, const std::string& array,
                                    const Files& files);

}  // namespace tessera
