// Sequences -> rows of a Batch, several in a row.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "data/layout.h"

namespace tessera {

// Which of the sequences stand in each row, from left to right: the longest first, each in the first
// row where it fits (first-fit decreasing; at most 11/9 of the best number of rows, and one). Equal
// lengths keep their order. A sequence longer than row_length has a row of its own.
std::vector<std::vector<int64_t>> AssignRows(const std::vector<int64_t>& lengths,
                                             int64_t row_length);

// T: the longest row, rounded up to a multiple of 8 so that kernels meet few shapes.
// Padding has id 0, document -1, position 0 and no target.
Batch PackRows(const std::vector<Sequence>& sequences,
               const std::vector<std::vector<int64_t>>& rows, int64_t patch);

inline Batch Pack(const std::vector<Sequence>& sequences, int64_t row_length, int64_t patch);

}  // namespace tessera
