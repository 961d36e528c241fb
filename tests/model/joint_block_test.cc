// A head that draws the patches of a block together: `model.block_head = "joint"`.
#include <gtest/gtest.h>

#include "tests/model/coin.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

Arrangement Blocks(int64_t block, BlockHead head) {
  return {.mask = AttentionMask::kBlockCausal, .block = block, .block_head = head};
}

HeadConfig OfKind(HeadKind kind) { return {.kind = kind, .width = 16, .depth = 1}; }

Document Story() {
  return {{"a red dot", NoisePicture(4, 4, 1), "of a document", NoisePicture(2, 8, 2)}};
}

Image DrawOne(const ToyRun& toy) {
  GenerateConfig config = ToyGenerate();
  config.guidance = 2;
  const auto drawn = Generate(*toy.model, toy.tokenizer, toy.layout, config,
                              {.prompts = {{{"a red dot"}}}, .until = Until::kImage});
  return *AsImage(drawn[0].segments.back());
}

TEST(JointBlock, OfOnePatchIsAnIndependentOneToTheBit) {
  const ToyRun alone({{2, 2}, {1, 4}}, Blocks(1, BlockHead::kIndependent));
  const ToyRun joint({{2, 2}, {1, 4}}, Blocks(1, BlockHead::kJoint));
  const Batch batch = RowsOf({Story()}, alone);
  const ModelLoss a = alone.model->Loss(batch, {1, 1}, Rng(0));
  const ModelLoss b = joint.model->Loss(batch, {1, 1}, Rng(0));
  EXPECT_TRUE(torch::equal(a.total, b.total));
  EXPECT_TRUE(torch::equal(a.image.by_patch_N, b.image.by_patch_N));
  for (const int64_t most : {3, 100}) {
    EXPECT_TRUE(torch::equal(alone.model->objective().Measure(batch, {most}, Rng(1)).bits_N,
                             joint.model->objective().Measure(batch, {most}, Rng(1)).bits_N));
  }
  EXPECT_EQ(DrawOne(alone), DrawOne(joint));
}

TEST(JointBlock, IsToldTheStatesOfItsPatchesInTurn) {
  const torch::NoGradGuard no_grad;
  const ToyRun toy({{2, 2}, {1, 4}}, Blocks(2, BlockHead::kJoint), OfKind(HeadKind::kMse));
  const Batch batch = RowsOf({Story()}, toy);
  const ModelLoss loss = toy.model->Loss(batch, {1, 1}, Rng(0));
  const Tensor h_TW = toy.model->Hidden(batch, {})[0];
  const auto parameters = toy.model->named_parameters();
  const Tensor row_RW = parameters["next_place.row"], col_CW = parameters["next_place.col"];
  const auto told = [&](int64_t p) {
    const Tensor place_2 = batch.patch_row_col_P2[p];
    return h_TW[batch.patch_slot_P[p].item<int64_t>() - 2] + row_RW[place_2[0].item<int64_t>()] +
           col_CW[place_2[1].item<int64_t>()];
  };
  std::vector<Tensor> z, x;
  for (int64_t p = 0; p < 8; p += 2) {
    z.push_back(at::cat({told(p), told(p + 1)}));
    x.push_back(at::cat({batch.patch_PD[p], batch.patch_PD[p + 1]}));
  }
  const HeadLoss head = toy.model->image_head().Loss(at::stack(z), at::stack(x), Rng(0));
  EXPECT_TRUE(at::allclose(loss.image.mean, head.mean));
  ASSERT_EQ(loss.image.by_patch_N.size(0), 8);  // a block's patches share its loss
  EXPECT_TRUE(at::allclose(loss.image.by_patch_N, head.by_patch_N.repeat_interleave(2)));
  EXPECT_NEAR(loss.image_sum.item<double>(), 8 * head.mean.item<double>(), 1e-4);
}

TEST(JointBlock, IsMeasuredWhole) {
  const ToyRun toy({{2, 2}, {1, 4}}, Blocks(2, BlockHead::kJoint), OfKind(HeadKind::kMse));
  Batch batch = RowsOf({Story()}, toy);
  const auto bits = [&](int64_t most) {
    return toy.model->objective().Measure(batch, {most}, Rng(0)).bits_N;
  };
  const Tensor all_M = bits(100);
  ASSERT_EQ(all_M.size(0), 4);
  for (const int64_t most : {1, 2, 5}) {
    const Tensor some_M = bits(most);
    EXPECT_EQ(some_M.size(0), std::max<int64_t>(most / 2, 1));
    EXPECT_TRUE((some_M.unsqueeze(1) == all_M).any(1).all().item<bool>());
  }
  // The second patch of a block changes what its own block costs, and the blocks after it.
  batch.patch_PD[3] = -batch.patch_PD[3];
  const Tensor changed_M = bits(100);
  EXPECT_TRUE(torch::equal(changed_M[0], all_M[0]));
  EXPECT_FALSE(torch::equal(changed_M[1], all_M[1]));
  EXPECT_FALSE(torch::equal(changed_M[2], all_M[2]));
}

TEST(JointBlock, DrawsPatchesThatDependOnEachOtherAndAnIndependentOneCannot) {
  const HeadConfig gmm = {
      .kind = HeadKind::kGmm, .width = 16, .depth = 1, .gmm = {.components = 4}};
  EXPECT_GT(ShareAlike({BlockHead::kJoint, gmm, 300}, /*alike=*/true), .95);
  EXPECT_NEAR(ShareAlike({BlockHead::kIndependent, gmm, 300}, /*alike=*/true), .5, .12);
}

}  // namespace
}  // namespace tessera
