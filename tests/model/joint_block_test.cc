// A head that draws the patches of a block together: `model.block_head = "joint"`.
#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include "data/packer.h"
#include "infer/generator.h"
#include "ops/random.h"
#include "tests/infer/toy_run.h"

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

Batch BatchOf(const std::vector<Document>& documents, const ToyRun& toy) {
  std::vector<Sequence> sequences;
  std::vector<Row> rows;
  for (const Document& document : documents) {
    rows.push_back({std::ssize(sequences)});
    sequences.push_back(Layout(document, toy.layout, toy.tokenizer));
  }
  return PackRows(sequences, rows, toy.layout.patch);
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
  const Batch batch = BatchOf({Story()}, alone);
  const ModelLoss a = alone.model->Loss(batch, {1, 1}, Rng(0));
  const ModelLoss b = joint.model->Loss(batch, {1, 1}, Rng(0));
  EXPECT_TRUE(torch::equal(a.total, b.total));
  EXPECT_TRUE(torch::equal(a.image.by_patch_N, b.image.by_patch_N));
  for (const int64_t most : {3, 100}) {
    EXPECT_TRUE(torch::equal(alone.model->MeasurePatches(batch, {most}, Rng(1)).bits_N,
                             joint.model->MeasurePatches(batch, {most}, Rng(1)).bits_N));
  }
  EXPECT_EQ(DrawOne(alone), DrawOne(joint));
}

TEST(JointBlock, IsToldTheStatesOfItsPatchesInTurn) {
  const torch::NoGradGuard no_grad;
  const ToyRun toy({{2, 2}, {1, 4}}, Blocks(2, BlockHead::kJoint), OfKind(HeadKind::kMse));
  const Batch batch = BatchOf({Story()}, toy);
  const ModelLoss loss = toy.model->Loss(batch, {1, 1}, Rng(0));
  const Tensor h_TW = toy.model->Hidden(batch, {})[0];
  const auto parameters = toy.model->named_parameters();
  const Tensor row_RW = parameters["next_place.row"], col_CW = parameters["next_place.col"];
  const auto told = [&](int64_t p) {
    const Tensor place_2 = batch.patch_place_P2[p];
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
  Batch batch = BatchOf({Story()}, toy);
  const auto bits = [&](int64_t most) {
    return toy.model->MeasurePatches(batch, {most}, Rng(0)).bits_N;
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

// Two patches side by side, each dark or bright.
Image Pair(bool left, bool right) {
  Image image{.height = 2, .width = 4, .rgb = {}};
  for (int64_t pixel = 0; pixel < 8; ++pixel) {
    image.rgb.insert(image.rgb.end(), 3, (pixel % 4 < 2 ? left : right) ? 215 : 40);
  }
  return image;
}

// Taught two pictures, alike likely: a dark first patch and a bright one. The second patch is as
// the first or is not. Returns of how many drawn pictures the two patches are alike.
double ShareAlike(BlockHead block_head, HeadKind kind, bool alike) {
  const ToyRun toy({{1, 2}}, Blocks(2, block_head), OfKind(kind));
  std::vector<Document> coins;
  for (int64_t i = 0; i < 16; ++i) {
    coins.push_back({{"a red dot", Pair(i % 2 == 0, (i % 2 == 0) == alike)}});
  }
  const Batch batch = BatchOf(coins, toy);
  torch::optim::Adam optimizer(toy.model->parameters(), 3e-3);
  for (uint64_t step = 0; step < 300; ++step) {
    optimizer.zero_grad();
    toy.model->Loss(batch, {0, 1. / 32}, Rng(step)).total.backward();
    optimizer.step();
  }
  GenerateConfig config = ToyGenerate();
  config.sampler.steps = 8;
  constexpr int64_t kCount = 200;
  const std::vector<Document> prompts(kCount, Document{{"a red dot"}});
  int64_t drawn_alike = 0;
  for (const Document& document : Generate(*toy.model, toy.tokenizer, toy.layout, config,
                                           {.prompts = prompts, .until = Until::kImage})) {
    const Image& image = *AsImage(document.segments.back());
    drawn_alike += (image.rgb[0] > 127) == (image.rgb[6] > 127);
  }
  return static_cast<double>(drawn_alike) / kCount;
}

TEST(JointBlock, DrawsPatchesThatDependOnEachOtherAndAnIndependentOneCannot) {
  for (const HeadKind kind : {HeadKind::kDiffusion, HeadKind::kGmm, HeadKind::kSoftmax256}) {
    SCOPED_TRACE(EnumName(kind));
    EXPECT_GT(ShareAlike(BlockHead::kJoint, kind, true), .95);
    EXPECT_LT(ShareAlike(BlockHead::kJoint, kind, false), .05);
    EXPECT_NEAR(ShareAlike(BlockHead::kIndependent, kind, true), .5, .12);
  }
}

}  // namespace
}  // namespace tessera
