#include "analysis/probe/npy.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cstring>

namespace tessera {
namespace {

// The bytes that numpy.save writes of numpy.arange(6, dtype='<f4').reshape(2, 3).
TEST(WriteNpy, WritesTheBytesThatNumpyWrites) {
  const torch::Tensor tensor = at::arange(6, torch::kFloat32).view({2, 3});
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.resize(127, ' ');
  expected += '\n';
  expected.append(static_cast<const char*>(tensor.data_ptr()), 24);
  EXPECT_EQ(WriteNpy(tensor), expected);
}

TEST(WriteNpy, StartsItsNumbersAtAMultipleOf64Bytes) {
  for (int64_t size = 1; size < 100'000'000; size *= 10) {
    const std::string bytes = WriteNpy(at::zeros({1}, torch::kInt64).expand({1, size % 100 + 1}));
    const size_t end = bytes.find('\n') + 1;
    EXPECT_EQ(end % 64, 0);
    EXPECT_EQ(bytes.size() - end, static_cast<size_t>(8 * (size % 100 + 1)));
  }
}

TEST(WriteNpy, WritesATransposedTensorInTheOrderOfItsAxes) {
  const torch::Tensor tensor = at::arange(6, torch::kInt64).view({2, 3}).t();
  EXPECT_EQ(WriteNpy(tensor), WriteNpy(tensor.contiguous()));
}

}  // namespace
}  // namespace tessera
