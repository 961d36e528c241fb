#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/evaluate.h"
#include "analysis/report/sample_sheet.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/open_ranks.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/train_record.h"
#include "config/status.h"
#include "config/toml.h"
#include "ops/failures.h"
#include "run/adopt_autoencoder.h"
#include "run/fitting_split.h"
#include "run/recipe.h"
#include "train/memory.h"
#include "train/trainer.h"

namespace tessera {
namespace {

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out;
  std::string from;
  bool resume = false;
  bool is_run = false;  // recipe is that of a run
};

// Returns "runs/" and the recipe's name without its folder and ending.
std::string DefaultOut(const std::string& recipe) {
  const size_t slash = recipe.rfind('/');
  const std::string name = slash == std::string::npos ? recipe : recipe.substr(slash + 1);
  return "runs/" + name.substr(0, name.rfind('.'));
}

// Leaves out a loss that no document has.
std::string Losses(double text, double image) {
  return (std::isnan(text) ? "" : absl::StrFormat("text %.3f  ", text)) +
         (std::isnan(image) ? "" : absl::StrFormat("image %.4f", image));
}

void Show(const TrainReport& report) {
  const double left = report.progress > 0 ? report.minutes / report.progress - report.minutes : 0;
  const bool evaluated = !std::isnan(report.held_out_image_loss);
  const std::string line = absl::StrFormat(
      "step %6d  %3.0f%%  %s  gradient %.2f  %5.0f tokens/s  %.1f min left", report.step,
      100 * report.progress, Losses(report.text_loss, report.image_loss), report.gradient_norm,
      report.tokens_per_second, left);
  ShowStep(evaluated ? absl::StrCat(line, "  held out: ",
                                    Losses(report.held_out_text_loss, report.held_out_image_loss))
                     : line,
           /*stays=*/evaluated);
}

absl::Status CheckHeldOut(const RunConfig& config, const Dataset& test, const char* way_out) {
  return config.train.evaluate_every > 0 && test.size() == 0
             ? absl::NotFoundError(absl::StrCat("train.evaluate_every: the data set holds out no "
                                                "documents to evaluate on",
                                                way_out, ", or set train.evaluate_every=0"))
             : absl::OkStatus();
}

// Opens the documents to evaluate on and to draw sample sheets of.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenTest(const RunConfig& config,
                                                        const std::shared_ptr<const Files>& files) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> test, OpenDataset(config, Split::kTest, files));
  RETURN_IF_ERROR(CheckHeldOut(config, *test, "; raise data.test_share"));
  return test;
}

// Takes from *test what data.too_long leaves out, and adds it to the account.
absl::Status AddTest(const Run& run, std::shared_ptr<const Dataset>* test, DataAccount* account) {
  DataAccount tested = (*test)->Account();
  ASSIGN_OR_RETURN(*test, FittingPart(run, Split::kTest, *test, &tested.too_long));
  account->AddTest(tested);
  return CheckHeldOut(run.config, **test,
                      " that fit train.row_length; raise it, set data.too_long = \"cut\"");
}

// Measures the held-out losses of a few documents, which are always the same.
absl::Status Evaluate(const Run& run, const std::shared_ptr<const Dataset>& dataset,
                      const Ranks& ranks, TrainReport* report) {
  EvaluateOptions options;
  options.ranks = ranks;
  options.count = 128;
  options.batch = 32;
  ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, dataset, options));
  report->held_out_text_loss = loss.text;
  report->held_out_image_loss = loss.image;
  report->held_out_text_loss_by_set = loss.text_by_set;
  report->held_out_image_loss_by_set = loss.image_by_set;
  return absl::OkStatus();
}

// A run folder stands for its own recipe.
absl::Status FindRecipe(const Files& files, Arguments* arguments) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(arguments->recipe));
  const std::string folder = arguments->recipe;
  arguments->is_run = kind == PathKind::kFolder;
  if (arguments->is_run) {
    arguments->recipe = JoinPath(folder, "config.toml");
  }
  if (arguments->out.empty()) {
    arguments->out = arguments->is_run ? folder : DefaultOut(arguments->recipe);
  }
  return absl::OkStatus();
}

absl::StatusOr<RunConfig> ConfigOf(const Arguments& arguments, const Files& files) {
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, ReadRecipe(arguments.recipe, files));
  if (!arguments.from.empty()) {
    RETURN_IF_ERROR(AdoptModel(arguments.from, files, &config));
  }
  RETURN_IF_ERROR(arguments.is_run
                      ? FromDump(toml, arguments.recipe, arguments.overrides, &config)
                      : FromRecipe(toml, arguments.recipe, arguments.overrides, &config));
  if (arguments.from.empty()) {
    RETURN_IF_ERROR(AdoptAutoencoder(arguments.out, files, &config));
  }
  if (config.generate.sampler.kind == SamplerKind::kAmed) {
    return absl::InvalidArgumentError(
        "generate.sampler.kind=amed needs a predictor, which `tessera amed` fits to a trained run; "
        "train with another kind and ask for amed when generating");
  }
  return config;
}

// Says what products are computed in, since the CPU chooses where the recipe does not.
void ShowPrecision(const TrainConfig& config) {
  const bool bf16 = IsBf16(config.precision), cpu = config.device == DeviceKind::kCpu;
  const bool fast = IsBf16(Precision::kAuto) || !cpu;
  Notes() << "precision: " << EnumName(config.precision)
          << (bf16 && !fast ? ", for which this CPU has no instructions: f32 would be much faster"
              : !bf16 && !fast ? ", since this CPU has no instructions for bf16"
                               : "")
          << "\n"
          << std::flush;
}

// A model that cannot be drawn from yet is no reason to end its training.
absl::Status Sample(const Run& run, const Dataset& dataset, const SampleSheet& sheet,
                    const Files& files) {
  try {
    return WriteSampleSheet(run, dataset, sheet, files);
  } catch (const NotFinite& error) {
    ShowStep(absl::StrCat("no sheet of step ", sheet.step, ": ", error.what()), /*stays=*/true);
    return absl::OkStatus();
  }
}

// The last lines of a run that went well.
absl::Status ShowEnd(const std::string& out, const std::string& account) {
  EndLine();
  Notes() << account;
  if (stop_requested) {
    return absl::CancelledError(absl::StrCat("stopped; continue with --resume: ", out));
  }
  Notes() << "trained: " << out << "\n";
  return absl::OkStatus();
}

absl::Status RunTrain(Arguments arguments) {
  ASSIGN_OR_RETURN(const Ranks ranks, OpenRanks());
  arguments.resume = arguments.resume || ranks.started_again();
  const auto files = std::make_shared<const Files>();
  RETURN_IF_ERROR(FindRecipe(*files, &arguments));
  const std::string& out = arguments.out;
  ASSIGN_OR_RETURN(const RunConfig config, ConfigOf(arguments, *files));
  if (arguments.resume && absl::IsNotFound(CheckpointsOf(out, *files).Latest().status())) {
    Notes() << out << " holds no checkpoint yet: training from the start\n" << std::flush;
  }
  // The data set is made for pictures of the size that the config says, so that is checked first.
  RETURN_IF_ERROR(CheckMemory(config, LeastDocument(config), MeasureFreeMemory(*files)));
  ASSIGN_OR_RETURN(auto test, OpenTest(config, files));
  const Dataset* shown = test.get();  // on the sample sheets
  std::string account;
  TrainHooks hooks;
  hooks.on_data = [&](const Run& run, const Dataset& trained,
                      DataAccount* of_trained) -> absl::Status {
    ShowPrecision(config.train);
    RETURN_IF_ERROR(AddTest(run, &test, of_trained));
    shown = test->size() > 0 ? test.get() : &trained;
    account = ToString(*of_trained);
    Notes() << account << std::flush;
    return absl::OkStatus();
  };
  hooks.on_report = Show;
  hooks.on_sample = [&](const Run& run, int64_t step) {
    return Sample(run, *shown, {step, out, &stop_requested}, *files);
  };
  hooks.on_evaluate = [&](const Run& run, TrainReport* report) {
    return Evaluate(run, test, ranks, report);
  };
  hooks.on_step = [] { ListenForStop(); };  // before the first there is nothing to save
  hooks.stop = &stop_requested;
  TrainRecord record(config, out, files);
  record.Attach(&hooks);
  RETURN_IF_ERROR(Train(config, {out, arguments.from, arguments.resume}, files, hooks, ranks));
  return ShowEnd(out, account);
}

}  // namespace

Command AddTrain(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("recipe", arguments->recipe,
                 "Train this recipe (.toml), or the one that this run folder holds.")
      ->required();
  AddWords(app, "overrides", &arguments->overrides, "Change keys of the recipe, path=value.");
  app.add_option("--out", arguments->out,
                 "Write the run into this folder; by default runs/RECIPE.");
  app.add_option("--from", arguments->from,
                 "Begin from the weights, tokenizer and [model] of this trained run.");
  app.add_flag("--resume", arguments->resume,
               "Continue the last checkpoint, bit for bit; begin if there is none.");
  app.footer(
      "Example: tessera train recipes/shapes.toml train.minutes=3 --out runs/quick\n"
      "         tessera train runs/quick --resume\n"
      "         tessera train mine.toml train.adapter.kind=lora --from runs/shapes --out "
      "runs/mine");
  return [arguments] { return RunTrain(*arguments); };
}

}  // namespace tessera
