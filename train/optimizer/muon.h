// Muon: momentum whose update is orthogonalised, for hidden matrices (Keller Jordan et al. 2024,
// kellerjordan.github.io/posts/muon). All singular directions of a layer then learn at one rate.
// M = matrices of equal shape, R <= C = rows and columns, each matrix turned to lie on its side.
#pragma once

#include <torch/types.h>

#include <vector>

#include "distributed/ranks.h"
#include "run/named_tensors.h"

namespace tessera {

struct MuonOptions {
  double lr = 0.03;
  double momentum = 0.95;
  double weight_decay = 0;
  torch::Dtype dtype = torch::kBFloat16;  // of the matrix products
};

// About U V^T for each x = U S V^T: singular values end between .65 and 1.2 unless they were tiny
// beside the largest. Any scale of x gives the same result, which has the dtype of x.
Tensor Orthogonalize(const Tensor& x_MRC, torch::Dtype dtype);

class Muon {
 public:
  // The matrices of each shape are shared out among the ranks: each orthogonalises its own, and all
  // get all updates.
  Muon(const NamedTensors& matrices, const MuonOptions& options, const Ranks& ranks = Ranks());

  // lr_factor scales the learning rate. A matrix without gradient counts as one with gradient 0.
  void Step(double lr_factor);

  // Views of the momentum, "muon.momentum.<name>".
  NamedTensors State() const;

 private:
  // Matrices of one shape up to transposition: they are orthogonalised in one batch.
  struct Group {
    std::vector<std::string> names;
    std::vector<Tensor> matrices;  // as registered
    std::vector<Tensor> momentum;  // likewise
    std::vector<double> scale;     // sqrt(max(1, rows / columns))
    std::vector<bool> tall;        // rows > columns: turned before stacking
  };

  void StepGroup(Group& group, double lr);

  MuonOptions options_;
  Ranks ranks_;
  std::vector<Group> groups_;
};

}  // namespace tessera
