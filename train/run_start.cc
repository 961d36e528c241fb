#include "train/run_start.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/status.h"
#include "config/toml.h"
#include "ops/hash.h"
#include "run/adopt_autoencoder.h"
#include "run/fitting_split.h"
#include "run/make_tokenizer.h"
#include "train/memory.h"
#include "train/train_state.h"

namespace tessera {
namespace {

// A resumed run keeps its tokenizer, even if the data that trained it has changed; so does one that
// begins from another. kept_in is the folder of that one, or empty.
absl::StatusOr<Tokenizer> TokenizerOf(const RunConfig& config, const std::string& kept_in,
                                      const Dataset& dataset, const Files& files) {
  if (kept_in.empty()) {
    return MakeTokenizer(config.tokenizer, dataset, files);
  }
  ASSIGN_OR_RETURN(const std::string file, TokenizerIn(kept_in, files));
  return ReadTokenizer(file, files);
}

// Keeps others out of a run that has begun. A new one, for which nothing is returned, is to be
// locked when its folder is made.
absl::StatusOr<std::optional<FolderLock>> LockBegun(const std::string& out, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(out));
  if (kind == PathKind::kFile) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", out, "' is a file; a run needs a folder: name another --out"));
  }
  ASSIGN_OR_RETURN(const PathKind lock, files.Kind(JoinPath(out, "lock")));
  if (lock == PathKind::kNone) {
    return std::nullopt;
  }
  return LockFolder(out);
}

// Returns the checkpoint to go on from, if the run may begin or go on.
absl::StatusOr<std::optional<Checkpoint>> LastOf(const RunConfig& config, const RunFolders& folders,
                                                 const Files& files) {
  const absl::StatusOr<Checkpoint> last = CheckpointsOf(folders.out, files).Latest();
  if (absl::IsNotFound(last.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(last.status());
  if (!folders.resume) {
    return absl::AlreadyExistsError(
        absl::StrCat("'", folders.out,
                     "' holds a run already; continue it with --resume, or name another --out"));
  }
  RETURN_IF_ERROR(CheckSameRun(last->path, config, files));
  return *last;
}

// Gives a run the weights of its base, if it has one; else a run that is not resumed takes those of
// its autoencoder.
absl::Status TakeFirstWeights(const std::string& base, bool resumed, const Files& files, Run* run) {
  if (!base.empty()) {
    return BeginFrom(base, files, run);
  }
  return resumed ? absl::OkStatus() : LoadAutoencoder(files, run);
}

// Batches are shared out whole, so that any number of ranks computes the same ones.
absl::Status CheckShares(const TrainConfig& config, const Ranks& ranks) {
  const int64_t each = config.accumulate / ranks.size(), documents = config.batch;
  if (each * ranks.size() == config.accumulate) {
    return absl::OkStatus();
  }
  const bool divides = documents % ranks.size() == 0;
  return absl::InvalidArgumentError(absl::StrCat(
      "train.accumulate: the ", config.accumulate, " batches of a step cannot be shared out among ",
      ranks.size(), " processes; set train.accumulate to a multiple of ", ranks.size(),
      divides ? absl::StrCat(" (train.batch=", documents / ranks.size(), " train.accumulate=",
                             config.accumulate * ranks.size(), " has as many documents a step)")
              : ""));
}

// The work of rank 0 before anybody reads the folder.
absl::StatusOr<std::optional<FolderLock>> Enter(const RunConfig& config, const RunFolders& folders,
                                                const Files& files) {
  ASSIGN_OR_RETURN(std::optional<FolderLock> lock, LockBegun(folders.out, files));
  RETURN_IF_ERROR(LastOf(config, folders, files).status());
  RETURN_IF_ERROR(KeepBase(config, folders, files));
  return lock;
}

// Takes from *dataset what data.too_long leaves out. Returns the account of the data.
absl::StatusOr<DataAccount> FitToRows(const Run& run, const OnData& on_data,
                                      std::shared_ptr<const Dataset>* dataset) {
  DataAccount account = (*dataset)->Account();
  ASSIGN_OR_RETURN(*dataset, FittingPart(run, Split::kTrain, *dataset, &account.too_long));
  if (on_data) {
    RETURN_IF_ERROR(on_data(run, **dataset, &account));
  }
  return account;
}

absl::StatusOr<StartedRun> Make(const RunConfig& config, const RunFolders& folders,
                                const std::shared_ptr<const Files>& files, const OnData& on_data) {
  ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(config.train.device));
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset,
                   OpenDataset(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(const DocumentSize document, MeanDocument(*dataset));
  RETURN_IF_ERROR(CheckMemory(config, document, MeasureProgram(config.train.precision, *files)));
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> last, LastOf(config, folders, *files));
  ASSIGN_OR_RETURN(const std::string base, BaseOf(folders.out, *files));
  ASSIGN_OR_RETURN(Tokenizer tokenizer,
                   TokenizerOf(config, last ? last->path : base, *dataset, *files));
  ASSIGN_OR_RETURN(Run run, base.empty() ? MakeRun(config, std::move(tokenizer))
                                         : MakeUnfilledRun(config, std::move(tokenizer)));
  run.learner->to(device);
  RETURN_IF_ERROR(TakeFirstWeights(base, last.has_value(), *files, &run));
  ASSIGN_OR_RETURN(DataAccount account, FitToRows(run, on_data, &dataset));
  return StartedRun{std::move(run), std::move(dataset), std::move(account), last};
}

// A hash of a few documents, spread evenly.
absl::StatusOr<std::string> SampleOf(const Dataset& dataset) {
  constexpr int64_t kLookedAt = 16;
  const int64_t size = dataset.size(), count = std::min(kLookedAt, size);
  uint64_t hash = 0;
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i * size / count));
    for (const Segment& segment : document.segments) {
      const std::string* text = AsText(segment);
      const Image* image = AsImage(segment);
      const std::string_view bytes =
          text != nullptr ? std::string_view(*text)
                          : std::string_view(reinterpret_cast<const char*>(image->rgb.data()),
                                             image->rgb.size());
      hash = MixBits(hash ^ HashBytes(bytes));
    }
  }
  return absl::StrCat(size, " documents, hash ", absl::Hex(hash, absl::kZeroPad16));
}

// The first line in which two texts differ, as a rank has it.
std::string FirstDifference(const std::string& of, const std::string& other) {
  const std::vector<std::string> lines = absl::StrSplit(of, '\n');
  const std::vector<std::string> others = absl::StrSplit(other, '\n');
  const auto [at, there] = std::ranges::mismatch(lines, others);
  return at == lines.end() ? "" : *at;
}

// Refuses ranks that would not make the same steps.
absl::Status CheckAlike(const StartedRun& started, const Ranks& ranks) {
  ASSIGN_OR_RETURN(const std::string sample, SampleOf(*started.dataset));
  const std::pair<const char*, std::string> facts[] = {
      {"recipe", ToToml(started.run.config)},
      {"data", sample},
      {"tokenizer", absl::StrCat("hash ", HashBytes(started.run.tokenizer.Serialized()))},
      {"checkpoint",
       started.last ? absl::StrCat("step ", started.last->step) : std::string("none")}};
  const std::vector<std::string> names = ranks.Gather(ranks.Name());
  for (const auto& [what, mine] : facts) {
    const std::vector<std::string> all = ranks.Gather(mine);
    const auto other = std::ranges::find_if(all, [&](const auto& its) { return its != all[0]; });
    if (other != all.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat(names[other - all.begin()], " has another ", what, " than ", names[0], ": '",
                       FirstDifference(*other, all[0]), "', not '", FirstDifference(all[0], *other),
                       "'; all ranks need the same files"));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteStart(const std::string& out, const Files& files, StartedRun* started) {
  RETURN_IF_ERROR(files.MakeFolder(out));
  if (!started->lock) {
    ASSIGN_OR_RETURN(started->lock, LockFolder(out));
  }
  RETURN_IF_ERROR(files.Write(JoinPath(out, "config.toml"), ToToml(started->run.config)));
  return files.Write(JoinPath(out, kAccount), ToString(started->account));
}

}  // namespace

absl::StatusOr<StartedRun> StartRun(const RunConfig& config, const RunFolders& folders,
                                    const std::shared_ptr<const Files>& files,
                                    const OnData& on_data, const Ranks& ranks) {
  RETURN_IF_ERROR(CheckShares(config.train, ranks));
  absl::StatusOr<std::optional<FolderLock>> lock = std::nullopt;
  if (ranks.writes()) {
    lock = Enter(config, folders, *files);
  }
  RETURN_IF_ERROR(ranks.Agree(lock.status()));
  absl::StatusOr<StartedRun> started = Make(config, folders, files, on_data);
  RETURN_IF_ERROR(ranks.Agree(started.status()));
  started->lock = *std::move(lock);
  RETURN_IF_ERROR(ranks.alone() ? absl::OkStatus() : ranks.Agree(CheckAlike(*started, ranks)));
  const auto write = [&] { return WriteStart(folders.out, *files, &*started); };
  RETURN_IF_ERROR(ranks.Agree(ranks.writes() ? write() : absl::OkStatus()));
  return started;
}

}  // namespace tessera
