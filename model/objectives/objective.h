// The seam of what is learnt of a picture: its loss and its likelihood. Its drawing side is
// infer/drawer.h. By `model.objective`:
//   head     the state before a patch conditions the image head (Li et al. 2024)
//   copies   a query patch has noise of its own level and is a group of its own; the state at it is
//            mapped to what a denoising network puts out (https://spaces.ac.cn/archives/10197, cure
//            A)
//   whole    a picture's query patches have noise of one level and are a group; mapped likewise
//            (https://spaces.ac.cn/archives/9984; Zhou et al. 2024, "Transfusion")
//   masked   a picture's query patches are a group, of which a random set is hidden; the states at
//            the hidden ones condition the image head (Li et al. 2024, "Autoregressive image
//            generation without vector quantization")
// N = scored patches, M = B T slots of a batch, W = width of a hidden state.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>

#include "heads/image_head.h"
#include "sequence/arrangement.h"
#include "sequence/batch.h"

namespace tessera {

class Model;

struct ImageLoss {
  HeadLoss head;   // one row a patch
  Tensor patch_N;  // which patches of the batch these are
  Tensor h_NW;     // the hidden states that the loss reads, differentiable; of all noise draws
  Tensor h_MW;     // the hidden states of the batch's own slots, for the text loss
};

// What a likelihood is asked for.
struct Measuring {
  int64_t most;                            // patches, chosen by chance
  int64_t rounds = 1;                      // in which objective masked draws a picture
  std::optional<BinDecoder> decoder = {};  // as in Measurement
  bool exact_ode = false;
};

// Patches, or vectors of patches that the head draws together, and what conditions them.
struct ConditionedPatches {
  Tensor z_NZ;
  Tensor x_ND;
};

class Objective {
 public:
  // The model must outlive the objective.
  explicit Objective(Model& model) : model_(model) {}
  virtual ~Objective() = default;

  // The loss of the batch's scored patches, of which there must be one at least.
  virtual ImageLoss Loss(const Batch& batch, at::Generator rng) = 0;

  // Whether the likelihood of a patch is known, given all that is drawn before it.
  virtual bool measures() const = 0;

  // Scored patches, each conditioned on all that is drawn before it, without input noise. At most
  // measuring.most of them, by chance; patches that the head draws together count as one vector,
  // all or none. Throws unless measures().
  virtual ConditionedPatches Conditioned(const Batch& batch, const Measuring& measuring,
                                         at::Generator rng) = 0;

  // The likelihood of such patches. Throws unless measures().
  Likelihood Measure(const Batch& batch, const Measuring& measuring, at::Generator rng);

 protected:
  Model& model() const { return model_; }

 private:
  // Whether a head's own likelihood, where it is exact, is that of the picture.
  virtual bool exact() const { return true; }

  Model& model_;
};

std::unique_ptr<Objective> MakeObjective(ObjectiveKind kind, Model& model);

// What makes a kind. The kind's file defines it; objective.cc declares them all.
template <ObjectiveKind kind>
using ObjectiveOf = std::integral_constant<ObjectiveKind, kind>;
template <ObjectiveKind kind>
using ObjectiveMaker = std::unique_ptr<Objective>(ObjectiveOf<kind>, Model& model);

// The loss of objective head, given the hidden states of all slots: those of the last layer or, to
// see what an earlier layer knows, that layer's under Model::FinalNorm.
ImageLoss HeadLossFrom(Model& model, const Tensor& h_MW, const Batch& batch, at::Generator rng);

// Some of these patches under their conditions, as Objective::Conditioned chooses them.
ConditionedPatches ChooseSome(const Model& model, ConditionedPatches all, int64_t most,
                              at::Generator rng);

}  // namespace tessera
