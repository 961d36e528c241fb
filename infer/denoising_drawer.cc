// Draws under objectives copies and whole: the backbone denoises query patches, so that every look
// of the sampler is a pass over them. G = guidance conditions, N = queries, D = numbers a patch.
#include <ATen/Functions.h>

#include "infer/guidance.h"
#include "infer/query_blocks.h"
#include "model/objectives/query_patches.h"

namespace tessera {
namespace {

class DenoisingDrawer : public Drawer {
 public:
  DenoisingDrawer(Model& model, Reader& reader) : model_(model), reader_(reader) {}

  std::vector<Tensor> Draw(const std::vector<DrawingRow>& rows, const Sampling& sampling) override {
    QueryBlocks queries(model_, reader_, rows);
    const std::vector<QueryIndex> all = queries.All();
    const auto fill = [&](const Tensor& x_ND, double level) {
      for (size_t n = 0; n < all.size(); ++n) {
        queries.at(all[n]).patch_D = x_ND[static_cast<int64_t>(n)];
        queries.at(all[n]).level = level;
      }
    };
    const BackboneDenoiser::GuidedStates states = [&](const Tensor& x_ND, double tau) {
      fill(x_ND, tau / kMostTau);
      return queries.States(all);
    };
    std::vector<GuidedPatch> guided;
    std::vector<at::Generator> rngs;
    for (const QueryIndex& query : all) {
      Continuation& row = rows[query.row].continuation;
      guided.push_back({row.share(), &row.config()});
      rngs.push_back(row.rng());
    }
    // The conditions are in the states alone; what is asked here is how they are weighted.
    const auto conditions = static_cast<int64_t>(rows.front().reader_rows.size());
    const Tensor no_z_GN0 = at::zeros({conditions, std::ssize(all), 0}, model_.device());
    fill(model_.denoiser().Sample(states, Guide(no_z_GN0, guided), sampling, rngs), 0);
    return queries.Patches();
  }

 private:
  Model& model_;
  Reader& reader_;
};

}  // namespace

std::unique_ptr<Drawer> MakeDenoisingDrawer(Model& model, Reader& reader) {
  return std::make_unique<DenoisingDrawer>(model, reader);
}

}  // namespace tessera
