// M = K N queries.
#include "model/objectives/query_patches.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

// Where the queries stand, [K, N] as b * V + v. Rows with fewer queries end in padding.
struct QuerySlots {
  int64_t wide;  // V
  Tensor slot_KN;
};

QuerySlots SlotsOfQueries(const ModelInput& input, const Tensor& slot_N, int64_t draws) {
  const Tensor row_N = slot_N.div(input.slots(), "floor");
  const Tensor count_B = at::bincount(row_N, {}, input.rows());
  const int64_t most = count_B.max().item<int64_t>();
  const Tensor before_N = at::index_select(count_B.cumsum(0) - count_B, 0, row_N);
  const Tensor turn_N = at::arange(slot_N.size(0), slot_N.options()) - before_N;
  const Tensor draw_K1 = at::arange(draws, slot_N.options()).unsqueeze(1);
  const int64_t wide = input.slots() + draws * most;
  return {wide, row_N * wide + input.slots() + draw_K1 * most + turn_N};
}

// [B, T, ...] -> [B, V, ...], with these values at the queries.
Tensor Widened(const Tensor& x, const QuerySlots& queries, const Tensor& value_M, double padding) {
  std::vector<int64_t> pad(2 * (x.dim() - 1), 0);  // from the last axis on
  pad.back() = queries.wide - x.size(1);
  const Tensor padded = at::constant_pad_nd(x, pad, padding);
  return padded.flatten(0, 1).index_copy(0, queries.slot_KN.flatten(), value_M).view_as(padded);
}

// A query stands where its patch does.
void AddSlots(const Tensor& patch_N, bool together, const QuerySlots& queries, ModelInput* input) {
  const int64_t draws = queries.slot_KN.size(0), patches = patch_N.size(0);
  const Tensor slot_N = at::index_select(input->patch_slot_P, 0, patch_N);
  const auto of_patches = [&](const Tensor& x) {
    const Tensor value_N = at::index_select(x.flatten(0, 1), 0, slot_N);
    return at::cat(std::vector<Tensor>(draws, value_N));
  };
  const auto copied = [&](const Tensor& x, double padding) {
    return Widened(x, queries, of_patches(x), padding);
  };
  Tensor first_M = of_patches(input->position_BT);  // of the patches that are drawn together
  if (together) {
    first_M = first_M - at::index_select(input->turn_P, 0, patch_N).repeat({draws});
  }
  const Tensor unit_N =
      together ? PicturesOf(*input, patch_N) : at::arange(patches, slot_N.options());
  const Tensor draw_K1 = at::arange(draws, slot_N.options()).unsqueeze(1);
  const Tensor group_M = (draw_K1 * patches + unit_N).flatten();
  input->group_BT = Widened(at::full_like(input->id_BT, -1), queries, group_M, -1);
  input->visible_to_BT = Widened(input->visible_to_BT, queries, first_M - 1, 0);
  input->id_BT = copied(input->id_BT, 0);
  input->document_BT = copied(input->document_BT, -1);
  input->position_BT = copied(input->position_BT, 0);
  input->rotary_coordinate_BT2 = copied(input->rotary_coordinate_BT2, 0);
}

// Where each patch stands in an order of its picture by chance. G = pictures of size_G patches.
Tensor RanksAtRandom(const Tensor& picture_N, const Tensor& size_G, at::Generator rng) {
  const auto options = picture_N.options().dtype(torch::kDouble);
  // Numbers of picture g lie in [g, g + 1).
  const Tensor order_N = (picture_N + at::rand({picture_N.size(0)}, rng, options)).argsort();
  const Tensor first_N = at::index_select(size_G.cumsum(0) - size_G, 0, picture_N);
  const Tensor rank_N = at::arange(picture_N.size(0), picture_N.options()) - first_N;
  return at::zeros_like(rank_N).index_copy(0, order_N, rank_N);
}

}  // namespace

Tensor ScoredPatches(const Batch& batch) { return at::nonzero(batch.scored_P).squeeze(1); }

Tensor PicturesOf(const ModelInput& input, const Tensor& patch_N) {
  const Tensor picture_P = (input.turn_P == 0).cumsum(0);
  const Tensor of_N = at::index_select(picture_P, 0, patch_N);
  return std::get<1>(at::unique_consecutive(of_N, /*return_inverse=*/true));
}

Tensor HideAtRandom(const Tensor& picture_N, at::Generator rng) {
  const Tensor size_G = at::bincount(picture_N);
  const Tensor u_G = at::rand({size_G.size(0)}, rng, picture_N.options().dtype(torch::kDouble));
  const Tensor hidden_G = ((u_G * (M_PI / 2)).cos() * size_G).ceil().clamp_min(1);
  return RanksAtRandom(picture_N, size_G, rng) < at::index_select(hidden_G, 0, picture_N);
}

int64_t DrawnAfter(int64_t round, int64_t rounds, int64_t drawn, int64_t patches) {
  const double share = static_cast<double>(round + 1) / static_cast<double>(rounds);
  const double left = std::floor(static_cast<double>(patches) * std::cos(share * M_PI / 2));
  const int64_t after = round + 1 == rounds ? patches : patches - static_cast<int64_t>(left);
  return std::max(after, drawn + 1);
}

Tensor RoundsAtRandom(const Tensor& picture_N, int64_t rounds, at::Generator rng) {
  const Tensor size_G = at::bincount(picture_N);
  std::vector<int64_t> round;  // of each rank of each picture
  for (int64_t g = 0; g < size_G.size(0); ++g) {
    const int64_t size = size_G[g].item<int64_t>();
    for (int64_t k = 0, drawn = 0; drawn < size; ++k) {
      const int64_t after = DrawnAfter(k, rounds, drawn, size);
      round.insert(round.end(), after - drawn, k);
      drawn = after;
    }
  }
  const Tensor first_N = at::index_select(size_G.cumsum(0) - size_G, 0, picture_N);
  return at::index_select(torch::tensor(round, picture_N.options()), 0,
                          first_N + RanksAtRandom(picture_N, size_G, rng));
}

WithQueries AppendQueries(const ModelInput& input, const Tensor& patch_N, bool together,
                          const QueryContents& contents) {
  const int64_t draws = contents.patch_KND.size(0);
  const auto with_queries = [&](const Tensor& of_P) { return at::index_select(of_P, 0, patch_N); };
  const QuerySlots queries = SlotsOfQueries(input, with_queries(input.patch_slot_P), draws);
  const Tensor& slot_KN = queries.slot_KN;
  ModelInput with = input;
  AddSlots(patch_N, together, queries, &with);

  const auto and_queries = [&](const Tensor& of_P, const Tensor& of_KN) {
    return at::cat({of_P, of_KN.flatten(0, 1).to(of_P.scalar_type())});
  };
  const auto repeated = [&](const Tensor& of_P) {
    return at::cat({of_P, at::cat(std::vector<Tensor>(draws, with_queries(of_P)))});
  };
  const Tensor row_P = input.patch_slot_P.div(input.slots(), "floor");
  with.patch_slot_P =
      and_queries(input.patch_slot_P + row_P * (queries.wide - input.slots()), slot_KN);
  with.patch_PD = and_queries(input.patch_PD, contents.patch_KND);
  with.patch_row_col_P2 = repeated(input.patch_row_col_P2);
  with.turn_P = repeated(input.turn_P);
  with.noise_P = and_queries(input.noise_P, at::zeros(slot_KN.sizes(), input.noise_P.options()));
  const Tensor hidden_KN =
      contents.hidden_KN.defined() ? contents.hidden_KN : at::zeros_like(slot_KN);
  with.hidden_P = and_queries(input.hidden_P, hidden_KN);
  if (contents.level_KN.defined()) {
    with.level_P = and_queries(at::full_like(input.noise_P, -1), contents.level_KN);
  }
  return {with, slot_KN};
}

}  // namespace tessera
