// Rotary position embedding (Su et al. 2021), in the half-split layout of Hugging Face's Llama:
// number e of a head is paired with number e + E/2. T = slots, H = heads, E = numbers a head.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

struct Rotary {
  Tensor cos_BT1E;
  Tensor sin_BT1E;  // its first half negated, so that rotation is one roll and two products
};

// The frequencies f_e = theta^(-2e/E). Llama 3.1 lets contexts grow beyond `context` slots by
// dividing those by `factor` that turn at most `low` times in it; those that turn `high` times or
// more stay, and between them the change is linear in f.
struct RotaryFrequencies {
  double theta;
  double factor = 1;
  double low = 1, high = 4;
  double context = 8192;
};

// Angles coordinate * f_e, of the row for even e and of the column for odd e: where both are equal,
// as of text, those of one position. rotary_coordinate_BT2 any integer or float type; dtype is that
// of the angles.
Rotary MakeRotary(const Tensor& rotary_coordinate_BT2, int64_t head_dim,
                  const RotaryFrequencies& frequencies, torch::Dtype dtype);

// x_BTHE rotated by its slot's angles.
Tensor Rotate(const Tensor& x_BTHE, const Rotary& rotary);

}  // namespace tessera
