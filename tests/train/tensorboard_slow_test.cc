// log.tfevents of a run that was killed and resumed, read by TensorBoard itself.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/cli/child.h"
#include "tests/run_python.h"

namespace tessera {
namespace {

constexpr char kScript[] = R"(
import json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.plugins.hparams import plugin_data_pb2

events = EventAccumulator("run", size_guidance={"images": 0, "scalars": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
lines = [json.loads(line) for line in open("run/log.jsonl")]
for key in ["text_loss", "image_loss", "gradient_norm", "tokens_per_second"]:
    scalars = events.Scalars(key)
    assert [s.step for s in scalars] == [line["step"] for line in lines], key
    for scalar, line in zip(scalars, lines):
        assert abs(scalar.value - line[key]) <= 1e-6 * abs(line[key]), key
sheets = [image.step for image in events.Images("samples")]
assert sheets == sorted(set(sheets)) and sheets[-1] == lines[-1]["step"], sheets
png = open("run/samples/step-%06d.png" % sheets[-1], "rb").read()
assert events.Images("samples")[-1].encoded_image_string == png
assert events.Images("samples")[-1].width > 0
levels = events.Histograms("image_loss_by_level")[-1].histogram_value
for mean, height in zip(lines[-1]["image_loss_by_level"], levels.bucket):
    assert abs((mean or 0) - height) < 1e-9
text = events.Tensors("config")[0].tensor_proto.string_val[0].decode()
assert "[model.head]" in text, text
summary = None
for event in event_file_loader.EventFileLoader("run/log.tfevents").Load():
    for value in event.summary.value:
        if value.tag == "_hparams_/session_start_info":
            content = value.metadata.plugin_data.content
            summary = plugin_data_pb2.HParamsPluginData.FromString(content)
start = summary.session_start_info
assert start.hparams["model.width"].number_value == 16
assert start.hparams["train.optimizer.kind"].string_value in ("muon", "adamw")
print("steps", len(lines))
)";

TEST(EventLog, IsReadByTensorBoardWithEachStepOnceAfterAKill) {
  const std::string python = PythonWith("tensorboard", "tensorboard setuptools");
  NEEDS_PYTHON(python);
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const std::vector<std::string> words = {"train",          "recipe.toml",
                                          "train.steps=40", "train.log_every=1",
                                          "train.keep=9",   "train.sample_every=5",
                                          "--out",          "run",
                                          "--resume",       "train.checkpoint_every=10"};
  {
    Child killed(folder, words);
    ASSERT_TRUE(killed.Prints("step     17")) << killed.text();
    killed.Signal(SIGKILL);
    EXPECT_EQ(killed.ExitCode(), 128 + SIGKILL);
  }
  Child resumed(folder, words);
  EXPECT_TRUE(resumed.Prints("trained: run")) << resumed.text();
  EXPECT_EQ(resumed.ExitCode(), 0);
  const Outcome read = RunPython(python, folder, kScript);
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, "steps 40\n");
}

}  // namespace
}  // namespace tessera
