// V = ids of text, W = width.
#include "run/import_llama.h"

#include <ATen/Functions.h>
#include <torch/utils.h>

#include <map>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "config/status.h"
#include "files/json.h"
#include "ops/random.h"
#include "run/llama_config.h"
#include "run/make_tokenizer.h"
#include "run/peft_adapter.h"
#include "run/recipe.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

constexpr char kIndex[] = "model.safetensors.index.json";

// The checkpoint's files of tensors: one, or those that the index names.
absl::StatusOr<std::set<std::string>> FilesOfTensors(const std::string& folder,
                                                     const Files& files) {
  const std::string path = JoinPath(folder, kIndex);
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  if (kind == PathKind::kNone) {
    return std::set<std::string>{"model.safetensors"};
  }
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  const Json* map = json.Find("weight_map");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map && map->AsObject() ? *map->AsObject() : JsonObject()) {
    if (file.AsString() == nullptr || file.AsString()->find('/') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "' names no file beside it for ", tensor));
    }
    names.insert(*file.AsString());
  }
  return names.empty() ? absl::InvalidArgumentError(absl::StrCat("'", path, "' names no files"))
                       : absl::StatusOr<std::set<std::string>>(std::move(names));
}

// The first rows of a parameter.
struct Place {
  Tensor parameter;
  int64_t rows;
};

// What of a run a checkpoint fills, by the checkpoint's names.
std::map<std::string, Place> TextSide(const Run& run) {
  const int64_t ids = run.layout.vocabulary.text_size();
  std::map<std::string, Place> side;
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    if (name.starts_with("model.")) {
      side[name] = {tensor, tensor.size(0)};
    } else if (name == "embed_tokens") {
      side["model.embed_tokens.weight"] = {tensor, ids};
    } else if (name == "lm_head") {
      side["lm_head.weight"] = {tensor, ids};
    }
  }
  return side;
}

// Matrices in bf16 stay so, and stay mapped where they are whole parameters.
void Fill(const Place& place, const Tensor& tensor) {
  Tensor parameter = place.parameter;
  if (tensor.scalar_type() == torch::kBFloat16 && tensor.dim() == 2) {
    parameter.set_data(
        parameter.size(0) == place.rows ? tensor : at::empty(parameter.sizes(), tensor.options()));
  }
  if (Tensor rows = parameter.narrow(0, 0, place.rows); !rows.is_alias_of(tensor)) {
    rows.copy_(tensor);
  }
}

// A tied head may be in the file too, and old files have the rotary frequencies.
bool IsPassedOver(const std::string& name, const ModelConfig& model) {
  return (model.tie_text_head && name == "lm_head.weight") ||
         name.ends_with(".rotary_emb.inv_freq");
}

// Copies the tensors of one file, and takes them from *left.
absl::Status CopyFile(const std::string& path, const Files& files, const ModelConfig& model,
                      std::map<std::string, Place>* left) {
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, path));
  for (const auto& [name, tensor] : tensors) {
    if (IsPassedOver(name, model)) {
      continue;
    }
    const auto found = left->find(name);
    if (found == left->end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", path, "' has a tensor ", name, ", which has no place here or was there before"));
    }
    const auto& [parameter, rows] = found->second;
    const Tensor place = parameter.narrow(0, 0, rows);
    if (place.sizes() != tensor.sizes() || !at::isFloatingType(tensor.scalar_type())) {
      std::ostringstream sizes;
      sizes << tensor.dtype() << " " << tensor.sizes() << ", not numbers of shape "
            << place.sizes();
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "': ", name, " is ", sizes.str(), " as config.json says"));
    }
    Fill(found->second, tensor);
    left->erase(found);
  }
  return absl::OkStatus();
}

absl::Status CopyTextSide(const std::string& folder, const Files& files, const Run& run) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, Place> left = TextSide(run);
  ASSIGN_OR_RETURN(const std::set<std::string> names, FilesOfTensors(folder, files));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(CopyFile(JoinPath(folder, name), files, run.config.model, &left));
  }
  return left.empty() ? absl::OkStatus()
                      : absl::InvalidArgumentError(absl::StrCat("the tensors of '", folder,
                                                                "' lack ", left.begin()->first));
}

// The rows behind those of text, in a table of which these are filled.
void FillOwnRows(const LlamaConfig& config, const Run& run, Tensor table, uint64_t item) {
  const torch::NoGradGuard no_grad;
  const Vocabulary& vocabulary = run.layout.vocabulary;
  const auto rng = MakeGenerator(torch::kCPU, run.config.seed, Stream::kInit, 1, item);
  const Tensor text_VW = table.narrow(0, 0, config.ids).to(torch::kFloat32);
  const Tensor mean_W = text_VW.mean(0), deviation_W = text_VW.std(0, /*unbiased=*/false);
  Tensor own_NW = table.narrow(0, config.ids, vocabulary.size() - config.ids);
  own_NW.copy_(at::randn(own_NW.sizes(), rng) * deviation_W + mean_W);
  for (const auto& [ours, theirs] :
       {std::pair(vocabulary.document(), config.begin), {vocabulary.end_document(), config.end}}) {
    if (theirs) {
      table[ours].copy_(table[*theirs]);
    }
  }
}

absl::StatusOr<LlamaConfig> ReadLlamaConfig(const std::string& folder, const Files& files) {
  const std::string path = JoinPath(folder, "config.json");
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  absl::StatusOr<LlamaConfig> config = ParseLlamaConfig(text);
  return config.ok()
             ? std::move(config)
             : absl::InvalidArgumentError(absl::StrCat(
                   "'", path, "' is of no model that is read here: ", config.status().message()));
}

// The keys that overrides name, over those of the checkpoint, which they may not change.
absl::StatusOr<RunConfig> ConfigOver(const LlamaConfig& from, const std::string& tokenizer,
                                     const std::vector<std::string>& overrides) {
  RunConfig base;
  base.model = from.model;
  base.tokenizer = {.path = tokenizer, .ids = from.ids};
  RunConfig config = base;
  RETURN_IF_ERROR(FromRecipe("", "import", overrides, &config));
  if (!config.model.autoencoder.path.empty() || config.model.autoencoder.trained()) {
    return absl::InvalidArgumentError(
        "model.autoencoder: a checkpoint has no autoencoder of patches, so that it cannot be "
        "imported into a run of codes; leave these keys out");
  }
  const std::vector<Difference> changed = Differences(base, config, [](const std::string& path) {
    return IsLlamaKey(path) || path.starts_with("tokenizer.");
  });
  return changed.empty() ? absl::StatusOr<RunConfig>(std::move(config))
                         : absl::InvalidArgumentError(absl::StrCat(
                               changed.front().path, " is ", changed.front().was,
                               " in the checkpoint, and cannot be chosen; remove that word"));
}

struct TokenizerFile {
  std::string path;
  Tokenizer tokenizer;
};

// The tokenizer.json, or tokenizer.model if it is there and the other is not read here: Llama 2 has
// both.
absl::StatusOr<TokenizerFile> FindTokenizer(const std::string& folder, const Files& files) {
  ASSIGN_OR_RETURN(const std::string path, TokenizerIn(folder, files));
  const std::string model = JoinPath(folder, "tokenizer.model");
  absl::StatusOr<Tokenizer> tokenizer = ReadTokenizer(path, files);
  if (tokenizer.ok()) {
    return TokenizerFile{path, *std::move(tokenizer)};
  }
  const absl::Status unread = tokenizer.status();
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(model));
  if (path == model || kind != PathKind::kFile) {
    return unread;
  }
  ASSIGN_OR_RETURN(Tokenizer other, ReadTokenizer(model, files));
  return TokenizerFile{model, std::move(other)};
}

}  // namespace

absl::StatusOr<Run> ImportLlama(const std::string& folder,
                                const std::vector<std::string>& overrides, const Files& files,
                                const std::string& adapter) {
  ASSIGN_OR_RETURN(const LlamaConfig llama, ReadLlamaConfig(folder, files));
  ASSIGN_OR_RETURN(auto found, FindTokenizer(folder, files));
  auto& [path, tokenizer] = found;
  ASSIGN_OR_RETURN(const RunConfig config, ConfigOver(llama, path, overrides));
  if (tokenizer.size() > llama.ids) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' has ", tokenizer.size(), " ids, more than the vocab_size ",
                     llama.ids, " of config.json; it belongs to another checkpoint"));
  }
  ASSIGN_OR_RETURN(Run run, MakeUnfilledRun(config, std::move(tokenizer)));
  RETURN_IF_ERROR(CopyTextSide(folder, files, run));
  if (!adapter.empty()) {
    RETURN_IF_ERROR(MergePeftAdapter(adapter, files, &run));
  }
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    if (name == "embed_tokens" || name == "lm_head") {
      FillOwnRows(llama, run, tensor, name == "lm_head");
    }
  }
  return run;
}

}  // namespace tessera
