#include "run/base_run.h"

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/make_tokenizer.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

constexpr char kFolder[] = "base";

// The keys that a base decides for the runs that begin from it.
bool BelongsToBase(const std::string& key) {
  return key.starts_with("model.") || key.starts_with("tokenizer.");
}

absl::Status CheckSameModel(const std::string& from, const RunConfig& base,
                            const RunConfig& config) {
  const std::vector<Difference> differences = Differences(base, config, BelongsToBase);
  if (differences.empty()) {
    return absl::OkStatus();
  }
  const auto& [path, theirs, ours] = differences.front();
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is ", ours, " in this recipe, but ", theirs, " in '", from,
                   "', from which it begins; remove the key: model and tokenizer are that run's"));
}

struct BaseFile {
  std::string name;
  FileBytes content;
};

// The files of the run `from` as a base, the weights first. They are mapped where they can be
// copied as they are: where no adapters are to become part of the weights.
absl::StatusOr<std::vector<BaseFile>> FilesOf(const std::string& from, const RunConfig& config,
                                              const Files& files) {
  std::vector<BaseFile> contents;
  if (config.train.adapter.kind != AdapterKind::kNone) {
    ASSIGN_OR_RETURN(const Run run, LoadRun(from, files));
    for (const CheckpointFile& file : PlainFiles(run)) {
      const auto bytes = std::make_shared<const std::string>(BytesOf(file));
      contents.push_back({file.name, {*bytes, bytes}});
    }
    return contents;
  }
  ASSIGN_OR_RETURN(const std::string folder, FindCheckpoint(from, files));
  ASSIGN_OR_RETURN(const std::string tokenizer, TokenizerIn(folder, files));
  for (const std::string& path :
       {JoinPath(folder, kAverage), tokenizer, JoinPath(folder, "config.toml")}) {
    ASSIGN_OR_RETURN(FileBytes bytes, files.Map(path));
    contents.push_back({path.substr(path.rfind('/') + 1), std::move(bytes)});
  }
  return contents;
}

// A run that has begun keeps its base.
absl::Status CheckKept(const RunFolders& folders, const BaseFile& weights, const Files& files) {
  const auto kept = ReadTensors(files, JoinPath(JoinPath(folders.out, kFolder), kAverage));
  ASSIGN_OR_RETURN(const NamedTensors now,
                   ParseSafetensors(weights.content.bytes, folders.from, weights.content.owner));
  const bool begun = CheckpointsOf(folders.out, files).Latest().ok();
  if (absl::IsNotFound(kept.status()) ? !begun : kept.ok() && AreEqual(*kept, now)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("'", folders.out, "' did not begin from '", folders.from,
                   "' as that run is now; resume without --from, or train into another --out"));
}

// What a checkpoint of others brings: the transformer and the tables of tokens.
bool IsMatrixOfText(const std::string& name, const Tensor& parameter) {
  return parameter.dim() == 2 &&
         (name.starts_with("model.") || name == "embed_tokens" || name == "lm_head");
}

// These parameters become the tensors of a file, which stay mapped where they are bf16 already.
void HoldInBf16(const NamedTensors& tensors, const NamedTensors& parameters) {
  const std::map<std::string, Tensor> sources(tensors.begin(), tensors.end());
  for (const auto& [name, parameter] : parameters) {
    const auto source = sources.find(name);
    if (IsMatrixOfText(name, parameter) && source != sources.end() &&
        source->second.sizes() == parameter.sizes()) {
      Tensor(parameter).set_data(
          source->second.to(parameter.options().dtype(torch::kBFloat16).requires_grad(false)));
    }
  }
}

}  // namespace

absl::Status AdoptModel(const std::string& from, const Files& files, RunConfig* config) {
  ASSIGN_OR_RETURN(const RunConfig base, ReadConfig(from, files));
  config->model = base.model;
  config->tokenizer = base.tokenizer;
  return absl::OkStatus();
}

absl::Status KeepBase(const RunConfig& config, const RunFolders& folders, const Files& files) {
  const std::string folder = JoinPath(folders.out, kFolder);
  if (folders.from.empty()) {
    if (!folders.resume) {
      RETURN_IF_ERROR(files.Remove(folder));
    }
    ASSIGN_OR_RETURN(const std::string base, BaseOf(folders.out, files));
    const bool adapts = config.train.adapter.kind != AdapterKind::kNone;
    return !adapts || !base.empty()
               ? absl::OkStatus()
               : absl::FailedPreconditionError(
                     "train.adapter: there is no trained run to adapt; name one with --from, or "
                     "set train.adapter.kind=none");
  }
  ASSIGN_OR_RETURN(const RunConfig from, ReadConfig(folders.from, files));
  RETURN_IF_ERROR(CheckSameModel(folders.from, from, config));
  ASSIGN_OR_RETURN(const std::vector<BaseFile> contents, FilesOf(folders.from, from, files));
  if (folders.resume) {
    RETURN_IF_ERROR(CheckKept(folders, contents.front(), files));
    ASSIGN_OR_RETURN(const std::string kept, BaseOf(folders.out, files));
    if (!kept.empty()) {
      return absl::OkStatus();
    }
  }
  RETURN_IF_ERROR(files.Remove(folder));
  RETURN_IF_ERROR(files.MakeFolder(folder));
  for (const BaseFile& file : contents) {  // config.toml last: then all is there
    RETURN_IF_ERROR(files.Write(JoinPath(folder, file.name), file.content.bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> BaseOf(const std::string& run, const Files& files) {
  const std::string folder = JoinPath(run, kFolder);
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(JoinPath(folder, "config.toml")));
  return kind == PathKind::kNone ? "" : folder;
}

absl::Status BeginFrom(const std::string& base, const Files& files, Run* run) {
  const NamedTensors parameters = Parameters(*run->learner);
  const AdapterConfig& config = run->config.train.adapter;
  const std::string path = JoinPath(base, kAverage);
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, path));
  if (config.kind != AdapterKind::kNone && config.base == BaseStorage::kBf16) {
    HoldInBf16(tensors, parameters);
  }
  RETURN_IF_ERROR(CopyByName(tensors, path, parameters));
  if (config.kind != AdapterKind::kNone) {
    ASSIGN_OR_RETURN(run->adapters, Adapters::Attach(parameters, RolesOf(*run->learner), config,
                                                     run->config.seed));
  }
  return absl::OkStatus();
}

}  // namespace tessera
