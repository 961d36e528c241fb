#include "train/trainer.h"

#include <ATen/autocast_mode.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/loader.h"
#include "ops/random.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLevels = 10;

// Matrix products in bf16 while it lives, if asked.
class Autocast {
 public:
  explicit Autocast(bool enabled) : enabled_(enabled) {
    at::autocast::set_autocast_enabled(at::kCPU, enabled);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  }
  ~Autocast() {
    if (enabled_) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }

 private:
  bool enabled_;
};

ParameterRole RoleOf(const std::string& name) {
  const auto contains = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (name == "embed_tokens" || contains("place.")) {
    return ParameterRole::kEmbedding;
  }
  const bool inside = name.starts_with("model.layers.") || name.starts_with("head.");
  const bool edge = contains("modulation") || contains("output");
  return inside && !edge ? ParameterRole::kHidden : ParameterRole::kOutput;
}

// Sums and counts of one log interval.
class Interval {
 public:
  void Add(const ModelLoss& loss, LossCounts counts, int64_t slots) {
    text_sum_ += loss.text_sum.item<double>();
    image_sum_ += loss.image_sum.item<double>();
    text_count_ += counts.text;
    image_count_ += counts.image;
    slots_ += slots;
    if (loss.image.by_patch_N.defined()) {
      AddBinned(loss.patch_index_N, loss.image.by_patch_N, &by_patch_);
    }
    if (loss.image.level_M.defined()) {
      AddBinned((loss.image.level_M * kLevels).to(torch::kLong).clamp(0, kLevels - 1),
                loss.image.by_level_M, &by_level_);
    }
  }

  void Fill(double seconds, TrainReport* report) const {
    report->text_loss = text_sum_ / std::max(text_count_, 1e-9);
    report->image_loss = image_sum_ / std::max(image_count_, 1e-9);
    report->tokens_per_second = static_cast<double>(slots_) / seconds;
    report->image_loss_by_level = Means(by_level_);
    report->image_loss_by_patch = Means(by_patch_);
  }

 private:
  struct Bins {
    Tensor sum, count;
  };

  static void AddBinned(const Tensor& bin, const Tensor& value, Bins* bins) {
    const Tensor sum = at::bincount(bin, value.to(torch::kFloat64), kLevels);
    const Tensor count = at::bincount(bin, {}, kLevels).to(torch::kFloat64);
    const bool grown = !bins->sum.defined() || bins->sum.size(0) != sum.size(0);
    bins->sum = grown ? sum : bins->sum + sum;
    bins->count = grown ? count : bins->count + count;
  }

  static std::vector<double> Means(const Bins& bins) {
    if (!bins.sum.defined()) {
      return {};
    }
    const Tensor mean = (bins.sum / bins.count).contiguous();
    return {mean.data_ptr<double>(), mean.data_ptr<double>() + mean.numel()};
  }

  double text_sum_ = 0, image_sum_ = 0, text_count_ = 0, image_count_ = 0;
  int64_t slots_ = 0;
  Bins by_level_, by_patch_;
};

std::string ToJsonLine(const TrainReport& report) {
  const auto numbers = [](const std::vector<double>& values) {
    nlohmann::json list = nlohmann::json::array();
    for (const double value : values) {
      list.push_back(std::isfinite(value) ? nlohmann::json(value) : nlohmann::json());
    }
    return list;
  };
  const nlohmann::json line = {{"step", report.step},
                               {"minutes", report.minutes},
                               {"text_loss", report.text_loss},
                               {"image_loss", report.image_loss},
                               {"gradient_norm", report.gradient_norm},
                               {"lr_factor", report.lr_factor},
                               {"tokens_per_second", report.tokens_per_second},
                               {"image_loss_by_level", numbers(report.image_loss_by_level)},
                               {"image_loss_by_patch", numbers(report.image_loss_by_patch)}};
  return line.dump() + "\n";
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
    const auto json = nlohmann::json::parse(state, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
      return absl::DataLossError(absl::StrCat(last.path, "/state.json is no JSON object"));
    }
    step_ = saved_step_ = json.value("step", int64_t{0});
    earlier_minutes_ = json.value("minutes", 0.0);
    return DropLaterLogLines();
  }

  absl::Status Loop(Loader& loader) {
    started_ = Clock::now();
    auto interval_start = started_;
    Interval interval;
    for (; Progress(config_, step_, Minutes()) < 1;) {
      if (hooks_.stop != nullptr && hooks_.stop->load()) {
        return Save();
      }
      ASSIGN_OR_RETURN(const Batch batch, loader.Next());
      TrainReport report;
      RETURN_IF_ERROR(Step(batch, &interval, &report));
      if (step_ % config_.log_every == 0) {
        const auto now = Clock::now();
        interval.Fill(std::chrono::duration<double>(now - interval_start).count(), &report);
        RETURN_IF_ERROR(Report(report));
        interval = Interval();
        interval_start = now;
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

  absl::Status Step(const Batch& batch, Interval* interval, TrainReport* report) {
    report->progress = Progress(config_, step_, Minutes());
    report->lr_factor = LearningRateFactor(config_, step_, report->progress);
    optimizer_.ZeroGrad();
    const LossCounts counts = CountLosses(batch);
    const LossScale scale{config_.text_weight / std::max(counts.text, 1.0),
                          config_.image_weight / std::max(counts.image, 1.0)};
    const auto rng = MakeGenerator(run_.model->device(), run_.config.seed, Stream::kLoss, step_);
    ModelLoss loss;
    {
      const Autocast autocast(config_.precision == Precision::kBf16);
      loss = run_.model->Loss(batch, scale, rng);
    }
    loss.total.backward();
    report->gradient_norm = optimizer_.ClipGradients(config_.clip);
    if (!std::isfinite(loss.total.item<double>()) || !std::isfinite(report->gradient_norm)) {
      return absl::InternalError(absl::StrCat(
          "the loss is not finite at step ", step_, ": text ", loss.text_sum.item<double>(),
          ", image ", loss.image_sum.item<double>(), ", gradient norm ", report->gradient_norm,
          "; the last checkpoint is good; lower train.lr or train.muon_lr and --resume"));
    }
    optimizer_.Step(report->lr_factor);
    ema_.Update(step_);
    ++step_;
    report->step = step_;
    report->minutes = Minutes();
    interval->Add(loss, counts, batch.id_BT.numel());
    return absl::OkStatus();
  }

  absl::Status Report(const TrainReport& report) {
    if (hooks_.on_report) {
      hooks_.on_report(report);
    }
    return files_.Append(LogPath(), ToJsonLine(report));
  }

  absl::Status Sample() {
    if (!hooks_.on_sample) {
      return absl::OkStatus();
    }
    torch::NoGradGuard no_grad;
    const EmaScope averaged(ema_);
    return hooks_.on_sample(run_, step_);
  }

  absl::Status Save() {
    if (step_ == saved_step_) {
      return absl::OkStatus();
    }
    const nlohmann::json state = {{"step", step_}, {"minutes", Minutes()}};
    RETURN_IF_ERROR(checkpoints_.Save(step_, {{"config.toml", ToToml(run_.config)},
                                              {"model.safetensors", Parameters(*run_.model)},
                                              {"ema.safetensors", ema_.State()},
                                              {"optimizer.safetensors", optimizer_.State()},
                                              {"tokenizer.model", run_.tokenizer.Serialized()},
                                              {"state.json", state.dump(2) + "\n"}}));
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
      const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (json.is_object() && json.value("step", int64_t{0}) <= step_) {
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
                   Loader::Start(std::move(source), trainer.step()));
  return trainer.Loop(*loader);
}

}  // namespace tessera
