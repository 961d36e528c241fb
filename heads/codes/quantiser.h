// The seam in the middle of an autoencoder: vectors -> the nearest of finitely many. A code is a
// list of digits, digit j below radices()[j]: one digit a level of FSQ, one in all of VQ.
// M = vectors, D = numbers of a vector, J = digits of a code.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <memory>
#include <vector>

#include "heads/codes/autoencoder_config.h"
#include "ops/parameter_role.h"

namespace tessera {

using torch::Tensor;

struct Quantised {
  Tensor value_MD;  // of the code; a gradient passes to z as if nothing were rounded
  Tensor code_MJ;   // int64
  Tensor loss;      // scalar, to be added to that of the reconstruction
};

class Quantiser : public ModuleWithRoles {
 public:
  virtual Quantised Quantise(const Tensor& z_MD) const = 0;

  virtual Tensor ValueOf(const Tensor& code_MJ) const = 0;  // -> [M, D]

  virtual const std::vector<int64_t>& radices() const = 0;  // empty: the vectors stay as they are

  // Changes what a step of training changes without a gradient, by all vectors of the step.
  virtual void Learn(const Tensor& /*z_MD*/, const Tensor& /*code_MJ*/, at::Generator) {}
};

int64_t VectorDim(const AutoencoderConfig& config);

std::shared_ptr<Quantiser> MakeQuantiser(const AutoencoderConfig& config);

// Digits <-> one number, the first digit counting least. Integers throughout: a sum in bf16 or f16
// names the wrong code for most of a large book.
Tensor IndexOf(const Tensor& digit_MJ, const std::vector<int64_t>& radices);  // -> [M]
Tensor DigitsOf(const Tensor& index_M, const std::vector<int64_t>& radices);  // -> [M, J]
int64_t NumCodes(const std::vector<int64_t>& radices);

}  // namespace tessera
