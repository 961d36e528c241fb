// Sequences -> rows of a Batch, several in a row.
#pragma once

#include <cstdint>
#include <vector>

#include "sequence/batch.h"
#include "sequence/layout.h"

namespace tessera {

// Which sequences stand in a row, from left to right.
using Row = std::vector<int64_t>;

// The longest first, each in the first row where it fits (first-fit decreasing: at most 11/9 of the
// fewest rows, and one). Equal lengths keep their order. A sequence longer than row_length stands
// alone.
std::vector<Row> AssignRows(const std::vector<Sequence>& sequences, int64_t row_length);

// T: the longest row, rounded up to a multiple of `round_to`. Padding has id 0, document -1,
// position and coordinates 0 and no target. patch: side in pixels.
Batch PackRows(const std::vector<Sequence>& sequences, const std::vector<Row>& rows, int64_t patch,
               int64_t round_to = 1);

// Rows of at most row_length slots; T is rounded so that kernels meet few shapes.
Batch Pack(const std::vector<Sequence>& sequences, int64_t row_length, int64_t patch);

}  // namespace tessera
