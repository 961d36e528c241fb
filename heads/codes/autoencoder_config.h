// What can be chosen about the autoencoder that makes codes of patches.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/enum_names.h"

namespace tessera {

enum class AutoencoderKind { kNone, kContinuous, kFsq, kVq };
constexpr auto EnumNames(AutoencoderKind) { return std::array{"none", "continuous", "fsq", "vq"}; }

enum class FsqBound { kTanh, kSigmoid };
constexpr auto EnumNames(FsqBound) { return std::array{"tanh", "sigmoid"}; }

enum class Codebook { kGradient, kEma };
constexpr auto EnumNames(Codebook) { return std::array{"gradient", "ema"}; }

struct AutoencoderConfig {
  AutoencoderKind kind = AutoencoderKind::kNone;
  std::string path = "";
  int64_t vectors = 1;
  int64_t width = 256;
  int64_t depth = 2;
  std::vector<int64_t> levels = {8, 5, 5, 5};
  FsqBound bound = FsqBound::kTanh;
  int64_t dim = 4;
  int64_t codes = 1024;
  Codebook codebook = Codebook::kEma;
  double commitment = 0.25;
  double decay = 0.99;
  double restart = 0.02;

  bool operator==(const AutoencoderConfig&) const = default;

  // Whether a run of this config trains the autoencoder and nothing else.
  bool trained() const { return kind != AutoencoderKind::kNone && path.empty(); }
  bool quantises() const { return kind == AutoencoderKind::kFsq || kind == AutoencoderKind::kVq; }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool any = self.kind != AutoencoderKind::kNone;
    const bool fsq = self.kind == AutoencoderKind::kFsq, vq = self.kind == AutoencoderKind::kVq;
    visit("kind", self.kind,
          "This stands between encoder and decoder; without path the autoencoder is all that is "
          "trained.");
    visit("path", self.path,
          "The autoencoder comes from this run, which decides all other keys here.");
    visit("vectors", self.vectors, "This many vectors stand for a patch.", any);
    visit("width", self.width, "The hidden layers of encoder and decoder have this width.", any);
    visit("depth", self.depth, "Encoder and decoder have this many residual blocks each.", any);
    visit("levels", self.levels,
          "The i-th number of a vector has the i-th of these numbers of levels.", fsq);
    visit("bound", self.bound, "This function brings numbers into the range of the levels.", fsq);
    visit("dim", self.dim, "A vector has this many numbers.", any && !fsq);
    visit("codes", self.codes, "The codebook has this many vectors.", vq);
    visit("codebook", self.codebook,
          "The codebook learns by its gradient, or as averages of what its codes stand for (ema).",
          vq);
    visit("commitment", self.commitment,
          "The encoder's squared distance to its code counts this much in the loss.", vq);
    visit("decay", self.decay, "The averages of counts and vectors decay by this factor a step.",
          vq);
    visit("restart", self.restart,
          "A code that is used less than this share of the mean begins anew at an encoded vector; "
          "0 restarts none.",
          vq);
  }

  std::string Problem() const {
    if (vectors < 1 || width < 1 || depth < 0 || dim < 1) {
      return "vectors, width and dim must be at least 1, depth at least 0";
    }
    const int64_t least = bound == FsqBound::kTanh ? 3 : 2;
    int64_t all = 1;
    for (const int64_t count : levels) {
      if (count < least || count > 256) {
        return "levels must be from 3 to 256 each; 2 only with bound = \"sigmoid\", since tanh "
               "cannot halve its range";
      }
      all = all > kMostCodes ? all : all * count;
    }
    if (levels.empty() || all > kMostCodes || codes < 1 || codes > kMostCodes) {
      return "levels must be at least one, and they or codes make from 1 to 16777216 codes";
    }
    if (commitment < 0 || decay < 0 || decay >= 1 || restart < 0 || restart >= 1) {
      return "commitment must not be negative, decay and restart in [0, 1)";
    }
    return "";
  }

 private:
  static constexpr int64_t kMostCodes = int64_t{1} << 24;
};

}  // namespace tessera
