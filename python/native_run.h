// A trained run as Python holds it.
#pragma once

#include <torch/custom_class.h>

#include <string>
#include <tuple>
#include <vector>

#include "cli/open_run.h"
#include "python/native_document.h"

namespace tessera {

// Errors of the world are thrown (python/errors.h).
class NativeRun : public torch::CustomClassHolder {
 public:
  NativeRun(const std::string& path, const std::string& device);

  // The run under other keys of [generate], path=value each. It shares the weights.
  Run WithSettings(const std::vector<std::string>& settings) const;

  const std::string& path() const { return path_; }
  const Run& run() const { return opened_.run; }

  std::string Config() const;  // as config.toml has it
  std::vector<std::vector<int64_t>> Grids() const;
  torch::Tensor ReadPicture(const std::string& file) const;
  std::vector<int64_t> Encode(const std::string& text) const;
  std::string Decode(const std::vector<int64_t>& ids) const;

  // The model's own tensors, not copies.
  c10::Dict<std::string, torch::Tensor> NamedParameters() const;

  // A row for each document: nats of its texts, how many ids they are, loss of the image head, how
  // many patches it is the mean of, and, if they are asked for and known, bits a subpixel. NaN:
  // there is none. The text says what the bits are worth (LikelihoodKind).
  std::tuple<torch::Tensor, std::string> Score(const std::vector<NativeDocument>& documents,
                                               int64_t seed, bool bits) const;

  // Names of layers, their states, and the columns of kSlotColumns
  // (analysis/probe/hidden_states.h).
  std::tuple<std::vector<std::string>, std::vector<torch::Tensor>, torch::Tensor> States(
      const std::vector<NativeDocument>& documents) const;

 private:
  std::vector<Document> WholeDocuments(const std::vector<NativeDocument>& documents) const;

  std::string path_;
  OpenedRun opened_;
};

}  // namespace tessera
