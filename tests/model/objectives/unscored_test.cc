// Segments that are read and not learnt ("loss": false), under every objective.
#include <gtest/gtest.h>

#include "ops/random.h"
#include "sequence/packer.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

constexpr ObjectiveKind kObjectiveKinds[] = {ObjectiveKind::kHead, ObjectiveKind::kCopies,
                                             ObjectiveKind::kWhole, ObjectiveKind::kMasked};

at::Generator Rng(uint64_t seed) { return MakeGenerator(torch::kCPU, seed, Stream::kTest, 0); }

ToyRun Toy(ObjectiveKind objective) { return ToyRun({{2, 2}, {1, 3}}, {.objective = objective}); }

Batch BatchOf(const Document& document, const ToyRun& toy) {
  return PackRows({Layout(document, toy.layout, toy.tokenizer)}, {{0}}, toy.layout.patch);
}

// Gradients of the loss at the pixels of each picture: whether there are any.
std::vector<bool> PicturesWithGradient(const Document& document, const ToyRun& toy) {
  Batch batch = BatchOf(document, toy);
  batch.patch_PD.requires_grad_(true);
  toy.model->Loss(batch, {1, 1}, Rng(1)).total.backward();
  const Tensor grad_PD = batch.patch_PD.grad();
  return {grad_PD.slice(0, 0, 4).ne(0).any().item<bool>(),
          grad_PD.slice(0, 4, 7).ne(0).any().item<bool>()};
}

TEST(Unscored, APictureThatIsNotLearntIsReadAndHasNoLossOfItsOwn) {
  for (const ObjectiveKind objective : kObjectiveKinds) {
    const ToyRun toy = Toy(objective);
    Document document{{"a red dot", NoisePicture(4, 4, 1), "dot", NoisePicture(2, 6, 2)}};
    using Grads = std::vector<bool>;
    EXPECT_EQ(PicturesWithGradient(document, toy), (Grads{true, true})) << EnumName(objective);
    document.unscored = {3};
    EXPECT_EQ(PicturesWithGradient(document, toy), (Grads{true, false})) << EnumName(objective);
    document.unscored = {1, 3};
    EXPECT_EQ(PicturesWithGradient(document, toy), (Grads{true, false}))
        << EnumName(objective) << ": the first is read for the text behind it";
    document.unscored = {1, 2, 3};
    EXPECT_EQ(PicturesWithGradient(document, toy), (Grads{false, false})) << EnumName(objective);
  }
}

TEST(Unscored, WhereNothingIsLearntNoParameterHasAGradient) {
  for (const ObjectiveKind objective : kObjectiveKinds) {
    const ToyRun toy = Toy(objective);
    Document document{
        {"a red dot", NoisePicture(4, 4, 1), "of a document", NoisePicture(2, 6, 2), "dot"}};
    document.unscored = {0, 1, 2, 3, 4};
    const Batch batch = BatchOf(document, toy);
    const LossCounts counts = toy.model->Counts(batch);
    EXPECT_EQ(counts.text, 0);
    EXPECT_EQ(counts.image, 0);
    const ModelLoss loss = toy.model->Loss(batch, {1, 1}, Rng(1));
    EXPECT_EQ(loss.total.item<double>(), 0) << EnumName(objective);
    if (loss.total.requires_grad()) {
      loss.total.backward();
    }
    for (const auto& parameter : toy.model->named_parameters()) {
      const Tensor& grad = parameter.value().grad();
      EXPECT_FALSE(grad.defined() && grad.ne(0).any().item<bool>())
          << EnumName(objective) << " " << parameter.key();
    }
  }
}

// The loss is what it would be if other words stood there: nothing is asked of them.
TEST(Unscored, TheWordsOfATextThatIsNotLearntDoNotCountUnlessTheyAreRead) {
  const torch::NoGradGuard no_grad;
  const ToyRun toy = Toy(ObjectiveKind::kHead);
  const auto loss = [&](const Document& document) {
    return toy.model->Loss(BatchOf(document, toy), {1, 1}, Rng(1)).total.item<double>();
  };
  const Image image = NoisePicture(4, 4, 1);
  EXPECT_EQ(loss({{image, "a red dot"}, {1}}), loss({{image, "a dot red"}, {1}}));
  EXPECT_NE(loss({{image, "a red dot"}}), loss({{image, "a dot red"}}));
  EXPECT_NE(loss({{"a red dot", image}, {0}}), loss({{"a dot red", image}, {0}})) << "it is read";
}

}  // namespace
}  // namespace tessera
