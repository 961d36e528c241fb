#include "analysis/probe/probe.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

#include "analysis/probe/probe_page.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "sequence/patches.h"
#include "tests/analysis/untrained_run.h"
#include "tests/files/temp_folder.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// Patches of 12 numbers in states of 16: nothing need be lost. Random where it starts at 0.
Run LosslessRun(std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.end(), {"model.patch=2", "model.grids=[\"8x8\"]", "model.layers=2"});
  Run run = UntrainedRun(overrides).value();
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  for (Tensor& parameter : run.model->parameters()) {
    parameter.add_(at::randn_like(parameter) * .05);
  }
  return run;
}

std::vector<Document> TestDocuments(const Run& run, int64_t count) {
  const auto test = OpenDataset(run.config, Split::kTest, std::make_shared<const Files>()).value();
  std::vector<Document> documents;
  for (int64_t i = 0; i < count; ++i) {
    documents.push_back(test->Get(i).value());
  }
  return documents;
}

const ProbeCurve* Find(const ProbeResult& result, const std::string& what,
                       const std::string& reading) {
  const auto found = std::ranges::find_if(result.curves, [&](const ProbeCurve& curve) {
    return curve.what == what && curve.reading == reading;
  });
  return found == result.curves.end() ? nullptr : &*found;
}

TEST(ReadHiddenStates, TellsOfEachSlotWhatItIsWhateverIsReadBesideIt) {
  const auto run = LosslessRun();
  const std::vector<Document> documents = TestDocuments(run, 70);  // more than are read at once
  const HiddenStates all = ReadHiddenStates(run, documents);
  const HiddenStates last = ReadHiddenStates(run, {documents.back()});
  ASSERT_EQ(all.layers, (std::vector<std::string>{"embedding", "layer 1", "layer 2", "normed"}));
  EXPECT_EQ(all.patch_PD.size(0), 70 * 64);
  const int64_t slots = last.slot_NK.size(0), before = all.slot_NK.size(0) - slots;
  const Tensor of_last_NK = all.slot_NK.narrow(0, before, slots);
  EXPECT_EQ(of_last_NK.select(1, 0).min().item<int64_t>(), 69);
  EXPECT_TRUE(at::equal(of_last_NK.slice(1, 1), last.slot_NK.slice(1, 1)));
  for (size_t layer = 0; layer < 4; ++layer) {
    EXPECT_TRUE(at::allclose(all.state_NW[layer].narrow(0, before, slots), last.state_NW[layer],
                             1e-4, 1e-5));
  }
  EXPECT_TRUE(at::equal(last.patch_slot_P, last.predictor_P + 1));
  EXPECT_TRUE(
      at::equal(last.slot_NK.select(1, 6).index_select(0, last.patch_slot_P), at::arange(64)));
  EXPECT_EQ(last.begin_M[0].item<int64_t>(), last.patch_slot_P[0].item<int64_t>());
  EXPECT_EQ(last.slot_NK[last.end_M[0]][2].item<int64_t>(), run.layout.vocabulary.end_image());
  const Image fitted = *AsImage(documents.back().segments[1]);
  EXPECT_TRUE(at::equal(last.patch_PD, Patchify(fitted, 2)));
}

TEST(ReadHiddenStates, ExportsTheFirstDocumentsAlone) {
  const auto run = LosslessRun();
  const std::vector<Document> documents = TestDocuments(run, 5);
  const NamedTensors of_five = ExportOf(ReadHiddenStates(run, documents), 2);
  const NamedTensors of_two = ExportOf(ReadHiddenStates(run, {documents[0], documents[1]}), 2);
  for (size_t i = 0; i < of_two.size(); ++i) {
    EXPECT_EQ(of_five[i].second.sizes(), of_two[i].second.sizes()) << of_two[i].first;
  }
  EXPECT_EQ(of_two[2].second.size(0), 2 * 64);
}

TEST(SplitLoss, EndsWithTheModelsOwnLossToTheBit) {
  const auto run = LosslessRun();
  const std::vector<Document> documents = TestDocuments(run, 3);
  const LossSplit split = SplitLoss(run, documents, 4);
  std::vector<Sequence> sequences;
  for (const Document& document : documents) {
    sequences.push_back(Layout(document, run.layout, run.tokenizer));
    for (float& weight : sequences.back().weights) {
      weight = weight > 0 ? 1 : 0;
    }
  }
  const Batch batch = PackRows(sequences, {{0}, {1}, {2}}, run.layout.patch);
  const ModelLoss loss =
      run.model->Loss(batch, {1, 1}, MakeGenerator(torch::kCPU, 4, Stream::kEvaluate, 0));
  const LossCounts counts = CountLosses(batch);
  ASSERT_EQ(split.exits.size(), 3);
  EXPECT_EQ(split.exits[2].text, loss.text_sum.item<double>() / counts.text);
  EXPECT_EQ(split.exits[2].image, loss.image_sum.item<double>() / counts.image);
  EXPECT_NE(split.exits[1].text, split.exits[2].text);
  ASSERT_EQ(split.loss_by_turn.size(), 64);
  double sum = 0;
  for (const double by_turn : split.loss_by_turn) {
    sum += by_turn / 64;
  }
  EXPECT_NEAR(sum, split.exits[2].image, 1e-6);
}

TEST(SplitLoss, IsOneAndTheSameAtEveryLayerOfAModelWhoseLayersDoNothing) {
  const auto run = LosslessRun();
  const torch::NoGradGuard no_grad;
  for (auto& item : run.model->named_parameters()) {
    if (item.key().find("o_proj") != std::string::npos ||
        item.key().find("down_proj") != std::string::npos) {
      item.value().zero_();
    }
  }
  const LossSplit split = SplitLoss(run, TestDocuments(run, 2), 0);
  for (const ExitLoss& exit : split.exits) {
    EXPECT_EQ(exit.text, split.exits[0].text);
    EXPECT_EQ(exit.image, split.exits[0].image);
  }
}

TEST(ProbeRun, FindsThePixelsInALosslessEmbeddingAndNotInALossyOne) {
  const ProbeOptions options{.documents = 30, .shown = 0, .drawn = 2};
  const auto files = std::make_shared<const Files>();
  const auto lossless = ProbeRun(LosslessRun(), files, options);
  ASSERT_TRUE(lossless.ok()) << lossless.status();
  const auto lossy =
      ProbeRun(LosslessRun({"model.input.kind=bottleneck", "model.input.rank=2"}), files, options);
  ASSERT_TRUE(lossy.ok()) << lossy.status();
  for (const char* reading : {"as stored", "picture first"}) {
    const ProbeCurve* own = Find(*lossless, "own pixels", reading);
    ASSERT_NE(own, nullptr);
    EXPECT_GT(own->by_layer[0].score, .9999) << reading;
    EXPECT_LT(Find(*lossy, "own pixels", reading)->by_layer[0].score, .99) << reading;
  }
  const ProbeScore cell = Find(*lossless, "cell", "as stored")->by_layer[0];
  EXPECT_GT(cell.score, 2 * cell.chance);
  ASSERT_NE(Find(*lossless, "colour", "picture first"), nullptr);
}

TEST(StatisticsByTurn, AreThoseOfPaintedPatchesInTheirOrder) {
  Image image{.height = 4, .width = 4, .rgb = std::vector<uint8_t>(48, 0)};
  for (int64_t y = 0; y < 4; ++y) {
    for (int64_t x = 0; x < 4; ++x) {
      const bool right = x >= 2, below = y >= 2;
      // Cells: black, white; grey and its opposite by turns, plain 51.
      const int value = !below ? (right ? 255 : 0) : right ? 51 : (x % 2 == 0 ? 102 : 153);
      std::fill_n(image.rgb.begin() + 3 * (4 * y + x), 3, static_cast<uint8_t>(value));
    }
  }
  const TurnStatistics found = StatisticsByTurn({image, image}, {2, 2}, 2, PatchOrder::kSnake);
  const std::vector<double> mean = {-1, 1, -.6, 0}, deviation = {0, 0, 0, .2},
                            saturated = {1, 1, 0, 0};
  for (size_t turn = 0; turn < 4; ++turn) {
    EXPECT_NEAR(found.mean[turn], mean[turn], 1e-6) << turn;
    EXPECT_NEAR(found.deviation[turn], deviation[turn], 1e-6) << turn;
    EXPECT_EQ(found.saturated[turn], saturated[turn]) << turn;
  }
}

TEST(HeatPicture, HeatsByTheShareOfTheMostAndPalesWhatIsNotSeen) {
  const Image grey{.height = 2, .width = 4, .rgb = std::vector<uint8_t>(24, 100)};
  const Image heat = HeatPicture(grey, {1, 4}, {.5, .25, 0, 0}, {true, true, true, false});
  const auto red = [&](int64_t x) { return static_cast<int>(heat.rgb[3 * x]); };
  EXPECT_GT(red(0), red(1));
  EXPECT_GT(red(1), red(2));
  EXPECT_EQ(red(2), 100);
  EXPECT_EQ(red(3), 216);  // 3/4 of the way to white
  EXPECT_EQ(heat.rgb[12], heat.rgb[0]);
}

// Looks at all that it sees, evenly.
Run WithoutQueries(Run run) {
  const torch::NoGradGuard no_grad;
  for (auto& item : run.model->named_parameters()) {
    if (item.key().find("q_proj") != std::string::npos) {
      item.value().zero_();
    }
  }
  return run;
}

TEST(AttentionView, DrawsAPictureThatSeesItselfAloneAsSuch) {
  const auto run =
      WithoutQueries(LosslessRun({"model.mask=block-diagonal", "train.image_weight=0"}));
  const AttentionView view = LookAt(run, TestDocuments(run, 1)[0]);
  const AttentionShares shares = SharesOf(view, run, 1, LookersOf(view)[1].slot);
  EXPECT_NEAR(shares.itself, 1. / 63, 1e-6);
  EXPECT_NEAR(shares.patches, 62. / 63, 1e-5);
  EXPECT_EQ(shares.text + shares.others, 0);
}

TEST(AttentionView, DrawsAModelWithoutQueriesAsEven) {
  const auto run = WithoutQueries(LosslessRun());
  const AttentionView view = LookAt(run, TestDocuments(run, 1)[0]);
  const std::vector<Looker> lookers = LookersOf(view);
  ASSERT_EQ(lookers.size(), 2);  // the picture ends the document
  const int64_t slot = lookers[1].slot, first = view.sequence.pictures[0].first_slot;
  EXPECT_EQ(slot, first + 62);
  for (size_t layer = 0; layer < 2; ++layer) {
    const AttentionShares shares = SharesOf(view, run, layer, slot);
    const double each = 1. / static_cast<double>(slot + 1);
    EXPECT_NEAR(shares.itself, each, 1e-6);
    EXPECT_NEAR(shares.patches, 62 * each, 1e-5);
    EXPECT_NEAR(shares.others, 2 * each, 1e-6);  // <doc> and the opener
    EXPECT_NEAR(shares.text + shares.patches + shares.itself + shares.others, 1, 1e-5);
  }
  EXPECT_EQ(AttentionFigures(view, run, lookers[1]).size(), 3);
}

TEST(WriteProbe, WritesOnePageWithoutNetworkAndTensorsThatReadBack) {
  const auto run = LosslessRun({"generate.guidance=2"});
  const auto files = std::make_shared<const Files>();
  const auto result =
      ProbeRun(run, files, {.documents = 12, .exported = 2, .shown = 1, .drawn = 2});
  ASSERT_TRUE(result.ok()) << result.status();
  const TempFolder folder;
  const absl::Status status = WriteProbe(*result, run, folder / "probe", "a <run>", *files);
  ASSERT_TRUE(status.ok()) << status;
  const std::string page = files->Read(folder / "probe/probe.html").value();
  for (const char* part : {"a &lt;run&gt;", "Where it looks", "What each layer still knows",
                           "Text loss by layer", "Whether drawn pictures drift", "unguided"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("http"), std::string::npos);
  const auto json = ParseJson(files->Read(folder / "probe/probe.json").value());
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(json->Find("drift")->AsArray()->size(), 3);
  const NamedTensors tensors = ReadTensors(*files, folder / "probe/states.safetensors").value();
  EXPECT_EQ(tensors.size(), result->exported.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(std::ranges::any_of(result->exported, [&](const auto& wrote) {
      return wrote.first == name && at::equal(wrote.second, tensor);
    })) << name;
  }
}

TEST(ProbeRun, RefusesARunWithoutPictures) {
  const TempFolder data;
  std::string lines;
  for (int i = 0; i < 40; ++i) {
    lines += R"({"segments": [{"type": "text", "text": "words alone"}], "id": ")" +
             std::to_string(i) + "\"}\n";
  }
  data.Write("docs.jsonl", lines);
  const auto run = UntrainedRun({"data.kind=documents", "data.path=" + data.path()});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto result = ProbeRun(*run, std::make_shared<const Files>(), {});
  EXPECT_NE(std::string(result.status().message()).find("no pictures"), std::string::npos);
}

}  // namespace
}  // namespace tessera
