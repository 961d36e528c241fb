// Who may influence whom among a sequence and its queries, and what the losses of the objectives
// are.
#include "model/objectives/query_patches.h"

#include <gtest/gtest.h>

#include "infer/reader.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "tests/infer/toy_run.h"
#include "tests/model/changed_batch.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t seed) { return MakeGenerator(torch::kCPU, seed, Stream::kTest, 0); }

std::vector<ObjectiveKind> WithQueryPatches() {
  return {ObjectiveKind::kCopies, ObjectiveKind::kWhole, ObjectiveKind::kMasked};
}

ToyRun Toy(ObjectiveKind objective, const Arrangement& other = {}) {
  Arrangement arrangement = other;
  arrangement.objective = objective;
  return ToyRun({{2, 2}, {1, 3}}, arrangement);
}

Document Story() {
  return {{"a red dot", NoisePicture(4, 4, 1), "of a document", NoisePicture(2, 6, 2), "dot"}};
}

Document Captioned() { return {{NoisePicture(4, 4, 3), "a red dot"}}; }

Batch BatchOf(const std::vector<Document>& documents, const ToyRun& toy) {
  std::vector<Sequence> sequences;
  Row row;
  for (const Document& document : documents) {
    row.push_back(std::ssize(sequences));
    sequences.push_back(Layout(document, toy.layout, toy.tokenizer));
  }
  return PackRows(sequences, {row}, toy.layout.patch);
}

// K queries of all patches with random contents, of every second one hidden if the objective hides.
WithQueries Queries(const Batch& batch, const ToyRun& toy, int64_t draws) {
  torch::manual_seed(5);
  const Arrangement& arrangement = toy.layout.arrangement;
  const int64_t patches = batch.patches();
  QueryContents contents{at::rand({draws, patches, batch.patch_PD.size(1)})};
  if (arrangement.backbone_denoises()) {
    contents.level_KN = at::full({draws, patches}, .5);
  } else {
    contents.hidden_KN = (at::arange(draws * patches) % 2 == 0).view({draws, patches});
  }
  return AppendQueries(batch, ScoredPatches(batch), arrangement.whole_pictures(), contents);
}

// Written by hand: the first slots of the story's pictures, and of each patch its slot.
class StorySlots {
 public:
  StorySlots(const Batch& batch, ObjectiveKind objective) : objective_(objective) {
    for (int64_t p = 0; p < 7; ++p) {
      slot_.push_back(batch.patch_slot_P[p].item<int64_t>());
    }
  }
  // Query (k, p) is number 7 k + p.
  bool QuerySees(int64_t query, int64_t slot) const {
    const int64_t patch = query % 7;
    const int64_t first_of_picture = slot_[patch < 4 ? 0 : 4];
    return slot < (objective_ == ObjectiveKind::kCopies ? slot_[patch] : first_of_picture);
  }
  bool QuerySeesQuery(int64_t a, int64_t b) const {
    const bool same_picture = (a % 7 < 4) == (b % 7 < 4);
    return objective_ == ObjectiveKind::kCopies ? a == b : a / 7 == b / 7 && same_picture;
  }

 private:
  ObjectiveKind objective_;
  std::vector<int64_t> slot_;
};

TEST(QueryPatches, HearOfWhatTheySeeAndOfNothingElse) {
  const torch::NoGradGuard no_grad;
  for (const ObjectiveKind objective : WithQueryPatches()) {
    const ToyRun toy = Toy(objective);
    const Batch batch = BatchOf({Story()}, toy);
    const StorySlots story(batch, objective);
    const WithQueries with_queries = Queries(batch, toy, 2);
    const Tensor slot_M = with_queries.slot_KN.flatten();
    const int64_t slots = batch.slots(), queries = slot_M.size(0);
    ASSERT_EQ(queries, 14);
    const Tensor h_VW = toy.model->Hidden(with_queries.input, {})[0];
    for (int64_t slot = 0; slot < slots + queries; ++slot) {
      const ModelInput changed = ChangedAt(slot, with_queries.input, toy.layout.vocabulary);
      const Tensor g_VW = toy.model->Hidden(changed, {})[0];
      const int64_t patch = std::max<int64_t>(0, batch.patches() + slot - slots);
      const bool hidden = slot >= slots && with_queries.input.hidden_P[patch].item<bool>();
      for (int64_t t = 0; t < slots; ++t) {
        const bool sees = slot < slots && batch.visible_to_BT[0][t].item<int64_t>() >= slot;
        EXPECT_EQ(torch::equal(g_VW[t], h_VW[t]), !sees) << EnumName(objective) << " " << t;
      }
      for (int64_t m = 0; m < queries; ++m) {
        const int64_t t = slot_M[m].item<int64_t>();
        const bool sees = slot < slots ? story.QuerySees(m, slot)
                                       : !hidden && story.QuerySeesQuery(m, slot - slots);
        EXPECT_EQ(torch::equal(g_VW[t], h_VW[t]), !sees)
            << EnumName(objective) << " query " << m << " slot " << slot;
      }
    }
  }
}

TEST(QueryPatches, LeaveTheSequenceAsItIsWithoutThem) {
  const torch::NoGradGuard no_grad;
  for (const ObjectiveKind objective : WithQueryPatches()) {
    const ToyRun toy = Toy(objective);
    const Batch batch = BatchOf({Story(), Captioned()}, toy);
    const Tensor h_BVW = toy.model->Hidden(Queries(batch, toy, 2).input, {});
    EXPECT_TRUE(torch::allclose(h_BVW.narrow(1, 0, batch.slots()), toy.model->Hidden(batch, {}),
                                1e-4, 1e-5))
        << EnumName(objective);
  }
}

TEST(QueryPatches, AreTheSameInARowAsAlone) {
  const torch::NoGradGuard no_grad;
  for (const ObjectiveKind objective : WithQueryPatches()) {
    const ToyRun toy = Toy(objective, {.positions = Positions::kMRope});
    const auto states = [&](const Batch& batch) {
      WithQueries with_queries = Queries(batch, toy, 1);
      with_queries.input.patch_PD = with_queries.input.patch_PD.clone();
      const int64_t patches = batch.patches();  // a query holds half of its patch
      with_queries.input.patch_PD.narrow(0, patches, patches).copy_(batch.patch_PD * .5);
      with_queries.input.hidden_P = at::zeros({2 * patches}, torch::kBool);
      const Tensor h_MW = toy.model->Hidden(with_queries.input, {}).flatten(0, 1);
      return at::index_select(h_MW, 0, with_queries.slot_KN.flatten());
    };
    // Rows of different numbers of queries: the last is padded.
    std::vector<Sequence> sequences;
    for (const Document& document : {Captioned(), Story(), Captioned()}) {
      sequences.push_back(Layout(document, toy.layout, toy.tokenizer));
    }
    const Tensor all_MW = states(PackRows(sequences, {{0, 1}, {2}}, toy.layout.patch));
    const Tensor alone_MW =
        at::cat({states(BatchOf({Captioned()}, toy)), states(BatchOf({Story()}, toy)),
                 states(BatchOf({Captioned()}, toy))});
    EXPECT_TRUE(torch::allclose(all_MW, alone_MW, 1e-4, 1e-5)) << EnumName(objective);
  }
}

// A reader that has read the text and the opener looks at the queries of a picture's first block.
TEST(QueryPatches, AreTheSameBesideACacheAsInTraining) {
  const torch::NoGradGuard no_grad;
  for (const ObjectiveKind objective : WithQueryPatches()) {
    const ToyRun toy = Toy(objective, {.positions = Positions::kTieV2});
    const Batch batch = BatchOf({{{"a red dot", NoisePicture(4, 4, 1)}}}, toy);
    const WithQueries with_queries = Queries(batch, toy, 1);
    const Tensor full_VW = toy.model->Hidden(with_queries.input, {})[0];

    const auto reader = MakeReader(*toy.model);
    Sequence begun = LayoutPrompt({{"a red dot"}}, toy.layout, toy.tokenizer);
    begun.ids.push_back(toy.layout.vocabulary.opener(0));
    begun.weights.push_back(0);
    const int64_t row = reader->Open({Sequence(), begun}, /*before_last=*/false)[1];
    const bool together = toy.layout.arrangement.whole_pictures();
    ReadBlock block;
    for (int64_t p = 0; p < (together ? 4 : 1); ++p) {
      block.push_back({.id = toy.layout.vocabulary.patch(),
                       .patch_D = with_queries.input.patch_PD[4 + p],
                       .grid = {2, 2},
                       .turn = p,
                       .cell = p,
                       .level = toy.layout.arrangement.backbone_denoises() ? .5 : -1,
                       .hidden = with_queries.input.hidden_P[4 + p].item<bool>()});
    }
    for (int64_t look = 0; look < 2; ++look) {  // the first leaves nothing behind
      const Tensor h_TW = reader->Peek({{row, block}})[0];
      for (int64_t p = 0; p < std::ssize(block); ++p) {
        const int64_t slot = with_queries.slot_KN[0][p].item<int64_t>();
        EXPECT_TRUE(torch::allclose(h_TW[p], full_VW[slot], 1e-4, 1e-5))
            << EnumName(objective) << " " << p;
      }
    }
  }
}

TEST(HideAtRandom, HidesTheSharesOfTheCosineAndEachPatchAsOften) {
  const int64_t pictures = 4000;
  const Tensor picture_N = at::arange(pictures).repeat_interleave(4);
  const Tensor hidden_G4 = HideAtRandom(picture_N, Rng(1)).view({pictures, 4}).to(torch::kDouble);
  const Tensor count_G = hidden_G4.sum(1);
  EXPECT_GE(count_G.min().item<double>(), 1);
  for (int64_t count = 1; count <= 4; ++count) {
    // ceil(4 cos(pi u / 2)) = count where u lies between two arc cosines.
    const double expected = (std::acos((count - 1) / 4.) - std::acos(count / 4.)) * 2 / M_PI;
    EXPECT_NEAR((count_G == count).to(torch::kDouble).mean().item<double>(), expected, .025);
  }
  const Tensor often_4 = hidden_G4.mean(0);
  EXPECT_LT((often_4.max() - often_4.min()).item<double>(), .04);
}

TEST(Objective, TheImageLossOfAPictureThatIsNotScoredIsNone) {
  for (const ObjectiveKind objective : WithQueryPatches()) {
    const ToyRun toy = Toy(objective);
    const Batch batch =
        PackRows({Layout(Captioned(), toy.layout, toy.tokenizer, {.hidden = {true}})}, {{0}},
                 toy.layout.patch);
    const ModelLoss loss = toy.model->Loss(batch, {1, 1}, Rng(1));
    EXPECT_EQ(loss.image_sum.item<double>(), 0) << EnumName(objective);
    EXPECT_GT(loss.text_sum.item<double>(), 0) << EnumName(objective);
  }
}

// The text loss reads the sequence, which does not know of queries: it is that of `head` wherever
// the sequence is read as there.
TEST(Objective, TextIsLearntAsUnderTheHead) {
  const torch::NoGradGuard no_grad;
  const auto text = [](const ToyRun& toy) {
    return toy.model->Loss(BatchOf({Story()}, toy), {1, 1}, Rng(1)).text_sum.item<double>();
  };
  const ToyRun head = Toy(ObjectiveKind::kHead), copies = Toy(ObjectiveKind::kCopies);
  const auto parameters = head.model->named_parameters();
  for (auto& item : copies.model->named_parameters()) {
    if (const Tensor* same = parameters.find(item.key());
        same != nullptr && same->sizes() == item.value().sizes()) {
      item.value().copy_(*same);
    }
  }
  EXPECT_NEAR(text(copies), text(head), 1e-4);
}

TEST(Objective, TheGradientIsThatOfTheLoss) {
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    const ToyRun toy = Toy(objective);
    toy.model->to(torch::kDouble);
    Batch batch = BatchOf({Story(), Captioned()}, toy);
    for (Tensor* tensor : {&batch.patch_PD, &batch.noise_P, &batch.weight_BT}) {
      *tensor = tensor->to(torch::kDouble);
    }
    const auto loss = [&] {
      return toy.model->Loss(batch, {0, 1}, Rng(2)).total;
    };  // text counts in float
    loss().backward();
    const torch::NoGradGuard no_grad;
    std::vector<Tensor> direction;
    double slope = 0;
    for (const Tensor& parameter : toy.model->parameters()) {
      direction.push_back(at::randn(parameter.sizes(), Rng(3), parameter.options()));
      if (parameter.grad().defined()) {
        slope += (parameter.grad() * direction.back()).sum().item<double>();
      }
    }
    const auto moved = [&](double step) {
      const std::vector<Tensor> parameters = toy.model->parameters();
      for (size_t i = 0; i < parameters.size(); ++i) {
        Tensor(parameters[i]).add_(direction[i], step);
      }
    };
    constexpr double kStep = 1e-6;
    moved(kStep);
    const double above = loss().item<double>();
    moved(-2 * kStep);
    const double below = loss().item<double>();
    EXPECT_NEAR((above - below) / (2 * kStep), slope, 1e-4 * std::abs(slope) + 1e-5)
        << EnumName(objective);
  }
}

}  // namespace
}  // namespace tessera
