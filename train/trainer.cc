#include "train/trainer.h"

#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/json.h"
#include "data/loader.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/step_gradient.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

ParameterRole RoleOf(const std::string& name) {
  const auto contains = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (name == "embed_tokens" || contains("place.")) {
    return ParameterRole::kEmbedding;
  }
  const bool inside = name.starts_with("model.layers.") || name.starts_with("head.");
  const bool edge = contains("modulation") || contains("output");
  return inside && !edge ? ParameterRole::kHidden : ParameterRole::kOutput;
}

// One run in memory: what a step changes, and where it is written.
class Trainer {
 public:
  Trainer(Run run, std::string out, const Files& files, const TrainHooks& hooks)
      : run_(std::move(run)),
        config_(run_.config.train),
        out_(std::move(out)),
        files_(files),
        hooks_(hooks),
        checkpoints_(CheckpointsOf(out_, files)),
        optimizer_(Parameters(*run_.model), RoleOf, config_),
        ema_(Parameters(*run_.model), config_.ema) {}

  absl::Status Restore() {
    ASSIGN_OR_RETURN(const Checkpoint last, checkpoints_.Latest());
    const auto load = [&](const char* name, const NamedTensors& into) -> absl::Status {
      const std::string path = JoinPath(last.path, name);
      ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files_, path));
      return CopyByName(tensors, path, into);
    };
    RETURN_IF_ERROR(load("model.safetensors", Parameters(*run_.model)));
    RETURN_IF_ERROR(load("ema.safetensors", ema_.State()));
    RETURN_IF_ERROR(load("optimizer.safetensors", optimizer_.State()));
    ASSIGN_OR_RETURN(const std::string state, files_.Read(JoinPath(last.path, "state.json")));
    ASSIGN_OR_RETURN(const Json json, ParseJson(state));
    const Json *step = json.Find("step"), *minutes = json.Find("minutes");
    if (step == nullptr || minutes == nullptr) {
      return absl::DataLossError(absl::StrCat(last.path, "/state.json names no step or minutes"));
    }
    step_ = saved_step_ = static_cast<int64_t>(step->AsNumber());
    earlier_minutes_ = minutes->AsNumber();
    return DropLaterLogLines();
  }

  absl::Status Loop(Loader& loader) {
    started_ = Clock::now();
    while (Progress(config_, step_, Minutes()) < 1) {
      if (hooks_.stop != nullptr && hooks_.stop->load()) {
        return Save();
      }
      RETURN_IF_ERROR(Step(loader));
      if (step_ % config_.log_every == 0) {
        RETURN_IF_ERROR(Report());
      }
      if (config_.sample_every > 0 && step_ % config_.sample_every == 0) {
        RETURN_IF_ERROR(Sample());
      }
      if (config_.checkpoint_every > 0 && step_ % config_.checkpoint_every == 0) {
        RETURN_IF_ERROR(Save());
      }
    }
    RETURN_IF_ERROR(Save());
    return Sample();
  }

  int64_t step() const { return step_; }

 private:
  double Minutes() const {
    return earlier_minutes_ + std::chrono::duration<double>(Clock::now() - started_).count() / 60;
  }

  absl::Status Step(Loader& loader) {
    const auto start = Clock::now();
    StepInput input{.batches = {}, .seed = run_.config.seed, .step = step_};
    for (int64_t i = 0; i < config_.accumulate; ++i) {
      ASSIGN_OR_RETURN(Batch batch, loader.Next());
      input.batches.push_back(std::move(batch));
    }
    report_.lr_factor = LearningRateFactor(config_, step_, Progress(config_, step_, Minutes()));
    optimizer_.ZeroGrad();
    const StepLoss loss = AddGradient(*run_.model, input, config_, &interval_);
    report_.gradient_norm = optimizer_.ClipGradients(config_.clip);
    RETURN_IF_ERROR(CheckFinite(loss));
    optimizer_.Step(report_.lr_factor);
    ema_.Update(step_);
    ++step_;
    interval_.EndStep(std::chrono::duration<double>(Clock::now() - start).count());
    return absl::OkStatus();
  }

  absl::Status CheckFinite(const StepLoss& loss) const {
    if (std::isfinite(loss.text) && std::isfinite(loss.image) &&
        std::isfinite(report_.gradient_norm)) {
      return absl::OkStatus();
    }
    const std::string last =
        saved_step_ < 0 ? "there is no checkpoint yet"
                        : absl::StrCat("the last checkpoint, of step ", saved_step_, ", is good");
    return absl::InternalError(absl::StrCat(
        "the loss is not finite at step ", step_, ": text ", loss.text, ", image ", loss.image,
        ", gradient norm ", report_.gradient_norm, "; ", last,
        "; train into another --out with a lower train.lr, train.muon_lr or train.clip"));
  }

  // A line of the log about the steps since the last one.
  absl::Status Report() {
    if (interval_.empty()) {
      return absl::OkStatus();
    }
    report_.step = step_;
    report_.minutes = Minutes();
    report_.progress = Progress(config_, step_, report_.minutes);
    interval_.Fill(&report_);
    interval_ = Interval();
    if (hooks_.on_report) {
      hooks_.on_report(report_);
    }
    return files_.Append(LogPath(), ToJsonLine(report_));
  }

  absl::Status Sample() {
    if (!hooks_.on_sample) {
      return absl::OkStatus();
    }
    torch::NoGradGuard no_grad;
    const EmaScope averaged(ema_);
    return hooks_.on_sample(run_, step_);
  }

  // Reports first: the log then tells of every step that the checkpoint holds.
  absl::Status Save() {
    if (step_ == saved_step_) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Report());
    const Json state{JsonObject{{"step", {step_}}, {"minutes", {Minutes()}}}};
    RETURN_IF_ERROR(
        checkpoints_.Save(step_, {{"config.toml", ToToml(run_.config)},
                                  {"model.safetensors", Parameters(*run_.model)},
                                  {"ema.safetensors", ema_.State()},
                                  {"optimizer.safetensors", optimizer_.State()},
                                  {"tokenizer.model", run_.tokenizer.Serialized()},
                                  {"state.json", DumpJson(state, /*indented=*/true) + "\n"}}));
    saved_step_ = step_;
    return checkpoints_.Prune(config_.keep);
  }

  std::string LogPath() const { return JoinPath(out_, "log.jsonl"); }

  // A cut run may have logged steps after its last checkpoint: they will be run again.
  absl::Status DropLaterLogLines() {
    const auto log = files_.Read(LogPath());
    if (!log.ok()) {
      return absl::OkStatus();
    }
    std::string kept;
    for (size_t begin = 0, end; (end = log->find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const auto line = log->substr(begin, end + 1 - begin);
      const auto report = ParseJsonLine(line);
      if (report.ok() && report->step <= step_) {
        kept += line;
      }
    }
    return files_.Write(LogPath(), kept);
  }

  Run run_;
  const TrainConfig config_;
  std::string out_;
  const Files& files_;
  const TrainHooks& hooks_;
  CheckpointFolder checkpoints_;
  Optimizer optimizer_;
  Ema ema_;
  int64_t step_ = 0;
  int64_t saved_step_ = -1;
  Interval interval_;  // since the last line of the log
  TrainReport report_;
  double earlier_minutes_ = 0;
  Clock::time_point started_ = Clock::now();
};

}  // namespace

absl::Status Train(const RunConfig& config, const std::string& out, bool resume,
                   const std::shared_ptr<const Files>& files, const TrainHooks& hooks) {
  const CheckpointFolder checkpoints = CheckpointsOf(out, *files);
  const auto last = checkpoints.Latest();
  if (resume && !last.ok()) {
    return last.status();
  }
  if (!resume && last.ok()) {
    return absl::AlreadyExistsError(absl::StrCat(
        "'", out, "' holds a run already; continue it with --resume, or name another --out"));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> dataset,
                   OpenDataset(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, MakeTokenizer(config.tokenizer, *dataset, *files));
  ASSIGN_OR_RETURN(Run run, MakeRun(config, tokenizer));
  RETURN_IF_ERROR(files->MakeFolder(out));
  RETURN_IF_ERROR(files->Write(JoinPath(out, "config.toml"), ToToml(config)));
  BatchSource source{dataset, tokenizer, run.layout, config.data, config.train.batch};
  source.seed = static_cast<uint64_t>(config.seed);
  Trainer trainer(std::move(run), out, *files, hooks);
  if (resume) {
    RETURN_IF_ERROR(trainer.Restore());
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Loader> loader,
                   Loader::Start(std::move(source), trainer.step() * config.train.accumulate));
  return trainer.Loop(*loader);
}

}  // namespace tessera
