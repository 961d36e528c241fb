#include "train/trainer.h"

#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/mixture.h"
#include "sequence/loader.h"
#include "train/run_clock.h"
#include "train/schedule.h"
#include "train/step_gradient.h"
#include "train/train_state.h"
#include "train/trained_weights.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

// One run in memory: what a step changes, and where it is written.
class Trainer {
 public:
  struct Place {
    std::string out;
    const Files& files;
    const TrainHooks& hooks;
    const Ranks& ranks;
  };

  Trainer(Run run, const Place& place)
      : run_(std::move(run)),
        config_(run_.config.train),
        log_path_(JoinPath(place.out, "log.jsonl")),
        files_(place.files),
        hooks_(place.hooks),
        ranks_(place.ranks),
        checkpoints_(CheckpointsOf(place.out, files_)),
        weights_(run_, ranks_),
        gradient_(TrainedTensors(run_), ranks_),
        clock_(ranks_) {
    report_.sets = NamesOfSets(run_.config.data);
  }

  absl::Status Restore(const std::string& checkpoint) {
    RETURN_IF_ERROR(weights_.Load(checkpoint, files_));
    ASSIGN_OR_RETURN(state_, ReadState(checkpoint, files_));
    saved_step_ = state_.step;
    // The run may have been killed between the checkpoint, its mark and the end of older ones.
    return ranks_.writes() ? MarkAndPrune() : absl::OkStatus();
  }

  absl::Status Loop(Loader& loader) {
    RETURN_IF_ERROR(OnRankZero([&] { return Begin(); }));
    clock_.Start(state_.minutes);
    bool last = Done() >= 1;
    absl::Status status = !last && state_.sheet_due ? Sample() : absl::OkStatus();
    while (!last && status.ok()) {
      status = Step(loader);
      if (status.ok()) {
        last = Done() >= 1;
        status = WriteWhatIsDue(last);
      }
      if (status.ok() && (last || SaveIsDue())) {
        RETURN_IF_ERROR(Save());
      }
    }
    if (!last || !status.ok()) {
      return SaveAfter(status);
    }
    return absl::IsCancelled(status = Sample()) ? absl::OkStatus() : status;
  }

  int64_t step() const { return state_.step; }

 private:
  // What rank 0 does before the first step.
  absl::Status Begin() const {
    RETURN_IF_ERROR(DropLaterLines(log_path_, state_.step, files_));
    return hooks_.on_begin ? hooks_.on_begin(state_.step) : absl::OkStatus();
  }

  double Done() const { return Progress(config_, state_.step, clock_.minutes()); }

  // Does what writes files or shows something. All ranks learn of an error.
  absl::Status OnRankZero(const std::function<absl::Status()>& work) const {
    return ranks_.Agree(ranks_.writes() ? work() : absl::OkStatus());
  }

  // What was learnt is kept, whatever ended the loop: a stop, bad data, a disk that is full. Not
  // finite numbers alone are not worth it.
  absl::Status SaveAfter(const absl::Status& end) {
    if (absl::IsInternal(end)) {
      return end;
    }
    const absl::Status saved = Save();
    if (end.ok() || absl::IsCancelled(end)) {
      return saved;
    }
    return !saved.ok() || state_.step == 0
               ? end
               : absl::Status(end.code(),
                              absl::StrCat(end.message(), "; step ", state_.step,
                                           " is saved: mend this and continue with --resume, for "
                                           "which data.on_error and data.path may change"));
  }

  // The checkpoint comes behind it: a run that is killed before it writes all that again. Only the
  // sheet of the end is drawn behind the checkpoint, from parameters that are safe.
  absl::Status WriteWhatIsDue(bool last) {
    const auto due = [&](int64_t every) { return every > 0 && (last || state_.step % every == 0); };
    if (due(config_.evaluate_every)) {
      RETURN_IF_ERROR(Evaluate());
    }
    if (due(config_.log_every)) {
      RETURN_IF_ERROR(Report());
    }
    return !last && due(config_.sample_every) ? Sample() : absl::OkStatus();
  }

  bool SaveIsDue() const {
    const int64_t every = config_.checkpoint_every;
    return state_.best_step == state_.step || (every > 0 && state_.step % every == 0);
  }

  // This rank's batches of the next step; Cancelled if a signal came.
  absl::Status Load(Loader& loader, StepInput* input) const {
    const Ranks::Share share = ranks_.ShareOf(config_.accumulate);
    *input = {.batches = {}, .seed = run_.config.seed, .step = state_.step, .first = share.first};
    for (int64_t i = share.first; i < share.last; ++i) {
      if (hooks_.stop != nullptr && *hooks_.stop) {
        return absl::CancelledError("stopped between steps");
      }
      ASSIGN_OR_RETURN(Batch batch, loader.Next());
      input->batches.push_back(std::move(batch));
    }
    return absl::OkStatus();
  }

  absl::Status Step(Loader& loader) {
    const auto start = Clock::now();
    StepInput input;
    const absl::Status loaded = ranks_.Agree(Load(loader, &input));
    if (absl::IsCancelled(loaded) && hooks_.stop != nullptr) {
      *hooks_.stop = true;  // another rank's signal stops all
    }
    RETURN_IF_ERROR(loaded);
    report_.lr_factor = LearningRateFactor(config_, state_.step, Done());
    StepLoss loss;
    report_.gradient_norm = weights_.TakeGradient(state_.step, [&] {
      loss = AddGradient(*run_.learner, input, config_, {ranks_, gradient_}, &state_.interval);
    });
    report_.text_gradient_norm = loss.text_gradient;
    report_.image_gradient_norm = loss.image_gradient;
    RETURN_IF_ERROR(CheckFinite(loss));
    weights_.Follow(state_.step, report_.lr_factor);
    ++state_.step;
    input.batches.resize(1);
    last_input_ = std::move(input);
    state_.interval.EndStep(std::chrono::duration<double>(Clock::now() - start).count());
    clock_.Take();
    if (hooks_.on_step) {
      hooks_.on_step();
    }
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
    return absl::InternalError(
        absl::StrCat("the loss is not finite at step ", state_.step, ": text ", loss.text,
                     ", image ", loss.image, ", gradient norm ", report_.gradient_norm, "; ", last,
                     "; train into another --out with a lower train.optimizer.lr, "
                     "train.optimizer.muon_lr or train.optimizer.clip"));
  }

  // A line of the log about the steps since the last one.
  absl::Status Report() {
    if (state_.interval.empty()) {
      return absl::OkStatus();
    }
    report_.step = state_.step;
    report_.minutes = clock_.minutes();
    report_.progress = Done();
    state_.interval.Fill(&report_);
    const std::string line = ToJsonLine(report_);
    state_.interval = Interval();
    return OnRankZero([&] {
      if (hooks_.on_report) {
        hooks_.on_report(report_);
      }
      return files_.Append(log_path_, line);
    });
  }

  absl::Status Sample() {
    if (!hooks_.on_sample) {
      return absl::OkStatus();
    }
    state_.sheet_due = true;
    RETURN_IF_ERROR(OnRankZero(
        [&] { return weights_.WithAverage([&] { return hooks_.on_sample(run_, state_.step); }); }));
    state_.sheet_due = false;
    return absl::OkStatus();
  }

  // A loss that held-out documents have none of is NaN, and counts nothing.
  absl::Status Evaluate() {
    if (!hooks_.on_evaluate) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(
        ranks_.Agree(weights_.WithAverage([&] { return hooks_.on_evaluate(run_, &report_); })));
    state_.interval.KeepHeldOut(report_);
    const auto weighted = [](double weight, double loss) {
      return std::isnan(loss) ? 0 : weight * loss;
    };
    const double loss = weighted(config_.text_weight, report_.held_out_text_loss) +
                        weighted(config_.image_weight, report_.held_out_image_loss);
    if (loss < state_.best_loss) {
      state_.best_loss = loss;
      state_.best_step = state_.step;
    }
    return absl::OkStatus();
  }

  absl::Status Save() {
    if (state_.step == saved_step_) {
      return absl::OkStatus();
    }
    // A step with a finite loss may still break the parameters, which only their own loss shows.
    const LowRankScope adapted(run_.adapters.Changes());
    RETURN_IF_ERROR(ranks_.Agree(CheckFinite(LossOf(*run_.learner, last_input_, config_))));
    state_.minutes = clock_.Now();
    std::vector<CheckpointFile> contents = weights_.ToFiles();
    contents.insert(contents.end(), {{"config.toml", ToToml(run_.config)},
                                     {run_.tokenizer.file_name(), run_.tokenizer.Serialized()},
                                     {"state.json", ToJson(state_)}});
    RETURN_IF_ERROR(OnRankZero([&] { return checkpoints_.Save(state_.step, contents); }));
    saved_step_ = state_.step;
    return OnRankZero([&] { return MarkAndPrune(); });
  }

  absl::Status MarkAndPrune() const {
    if (state_.best_step > 0) {
      RETURN_IF_ERROR(checkpoints_.MarkBest(state_.best_step));
    }
    return checkpoints_.Prune(config_.keep);
  }

  Run run_;
  const TrainConfig config_;
  const std::string log_path_;
  const Files& files_;
  const TrainHooks& hooks_;
  const Ranks& ranks_;
  CheckpointFolder checkpoints_;
  TrainedWeights weights_;
  GradientSum gradient_;
  RunClock clock_;
  TrainState state_;
  StepInput last_input_;  // the first batch of the last step
  TrainReport report_;
  int64_t saved_step_ = -1;
};

}  // namespace

absl::Status Train(const RunConfig& config, const RunFolders& folders,
                   const std::shared_ptr<const Files>& files, const TrainHooks& hooks,
                   const Ranks& ranks) {
  ASSIGN_OR_RETURN(StartedRun started, StartRun(config, folders, files, hooks.on_data, ranks));
  const TrainConfig& train = config.train;
  const Ranks::Share share = ranks.ShareOf(train.accumulate);
  const int64_t batches = share.last - share.first;  // of a step, on this rank
  BatchSource source{started.dataset, started.run.tokenizer, started.run.layout, config.data,
                     train.batch};
  source.seed = static_cast<uint64_t>(config.seed);
  source.share = {share.first, batches, train.accumulate};
  source.stop = hooks.stop;
  Trainer trainer(std::move(started.run), {folders.out, *files, hooks, ranks});
  if (started.last) {
    RETURN_IF_ERROR(ranks.Agree(trainer.Restore(started.last->path)));
  }
  absl::StatusOr<std::unique_ptr<Loader>> loader =
      Loader::Start(std::move(source), trainer.step() * batches);
  RETURN_IF_ERROR(ranks.Agree(loader.status()));
  const absl::Status end = trainer.Loop(**loader);
  return hooks.on_end && ranks.writes() ? hooks.on_end(trainer.step(), end) : end;
}

}  // namespace tessera
