#include "run/export_llama.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/json.h"
#include "run/llama_config.h"

namespace tessera {
namespace {

constexpr char kBegin[] = "<doc>", kEnd[] = "<end-doc>";

// Our ids and how they are written, behind those of text.
std::vector<std::pair<std::string, int64_t>> OwnTokens(const Run& run) {
  const Vocabulary& vocabulary = run.layout.vocabulary;
  std::vector<std::pair<std::string, int64_t>> tokens = {{kBegin, vocabulary.document()},
                                                         {kEnd, vocabulary.end_document()},
                                                         {"<end-image>", vocabulary.end_image()},
                                                         {"<null-text>", vocabulary.null_text()},
                                                         {"<patch>", vocabulary.patch()}};
  for (size_t i = 0; i < run.layout.grids.size(); ++i) {
    const PatchGrid& grid = run.layout.grids[i];
    tokens.emplace_back(absl::StrCat("<image ", grid.rows, "x", grid.cols, ">"),
                        vocabulary.opener(static_cast<int64_t>(i)));
  }
  return tokens;
}

Json* Member(Json* json, std::string_view key) {
  auto* object = std::get_if<JsonObject>(&json->value);
  for (auto& [name, item] : *object) {
    if (name == key) {
      return &item;
    }
  }
  object->emplace_back(key, Json{nullptr});
  return &object->back().second;
}

// A post-processor that puts <doc> before a text.
Json BeginsTexts(int64_t begin) {
  const auto part = [](const char* kind, const char* id) {
    return Json{JsonObject{{kind, {JsonObject{{"id", {id}}, {"type_id", {int64_t{0}}}}}}}};
  };
  const Json token{JsonObject{{"id", {kBegin}},
                              {"ids", {JsonArray(1, Json{begin})}},
                              {"tokens", {JsonArray(1, Json{kBegin})}}}};
  return {JsonObject{
      {"type", {"TemplateProcessing"}},
      {"single", {JsonArray{part("SpecialToken", kBegin), part("Sequence", "A")}}},
      {"pair",
       {JsonArray{part("SpecialToken", kBegin), part("Sequence", "A"), part("Sequence", "B")}}},
      {"special_tokens", {JsonObject{{kBegin, token}}}}}};
}

// The run's tokenizer.json with our ids. They stand in the vocabulary too, since `tokenizers`
// numbers added tokens by itself otherwise.
absl::StatusOr<std::string> TokenizerWithOwn(const Run& run) {
  ASSIGN_OR_RETURN(Json json, ParseJson(run.tokenizer.Serialized()));
  Json* const added = Member(&json, "added_tokens");
  if (added->AsArray() == nullptr) {
    added->value = JsonArray();
  }
  Json* const vocabulary = Member(Member(&json, "model"), "vocab");
  for (const auto& [token, id] : OwnTokens(run)) {
    Json* const place = Member(vocabulary, token);
    if (!std::holds_alternative<std::nullptr_t>(place->value)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the run's tokenizer has a token ", token,
                       " of its own, as one that was exported before, and cannot have two"));
    }
    place->value = id;
    std::get<JsonArray>(added->value)
        .push_back({JsonObject{{"id", {id}},
                               {"content", {token}},
                               {"single_word", {false}},
                               {"lstrip", {false}},
                               {"rstrip", {false}},
                               {"normalized", {false}},
                               {"special", {true}}}});
  }
  *Member(&json, "post_processor") = BeginsTexts(run.layout.vocabulary.document());
  return DumpJson(json) + "\n";
}

std::string TokenizerConfigJson() {
  const JsonObject json = {{"tokenizer_class", {"PreTrainedTokenizerFast"}},
                           {"bos_token", {kBegin}},
                           {"eos_token", {kEnd}},
                           {"clean_up_tokenization_spaces", {false}}};
  return DumpJson({json}, /*indented=*/true) + "\n";
}

NamedTensors TextSide(const Run& run) {
  NamedTensors side;
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    if (name.starts_with("model.")) {
      side.emplace_back(name, tensor);
    } else if (name == "embed_tokens") {
      side.emplace_back("model.embed_tokens.weight", tensor);
    } else if (name == "lm_head") {
      side.emplace_back("lm_head.weight", tensor);
    }
  }
  return side;
}

std::string ModelCard(const Run& run, bool has_json) {
  const ModelConfig& model = run.config.model;
  std::string card = absl::StrCat(
      "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags:\n- tessera\n---\n\n",
      "# The text side of a Tessera run\n\n",
      "This is the transformer of a model that reads and writes texts and pictures, without its ",
      "picture side: ", model.layers, " layers of width ", model.width, ", ",
      run.layout.vocabulary.size(), " ids, f32. `transformers` loads it as a causal language ",
      "model. A text begins with `", kBegin, "`.\n\n| token | id |\n|---|---|\n");
  for (const auto& [token, id] : OwnTokens(run)) {
    absl::StrAppend(&card, "| `", token, "` | ", id, " |\n");
  }
  absl::StrAppend(
      &card, "\nOnly the first two mean something to the text side alone.\n\n",
      has_json
          ? "```python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
            "model = AutoModelForCausalLM.from_pretrained(\".\")\n"
            "tokenizer = AutoTokenizer.from_pretrained(\".\")\n```\n"
          : "`tokenizer.model` is for the `sentencepiece` package: no class of `transformers` "
            "encodes to the letter as it does. Put the id of `<doc>` before what it returns.\n");
  absl::StrAppend(&card, "\n## The run's config\n\n```toml\n", ToToml(run.config), "```\n");
  return card;
}

absl::Status SaveFolder(std::string folder, const std::vector<CheckpointFile>& contents,
                        const Files& files) {
  while (folder.size() > 1 && folder.ends_with('/')) {
    folder.pop_back();
  }
  const std::string unfinished = folder + ".unfinished";
  const auto write = [&]() -> absl::Status {
    RETURN_IF_ERROR(files.Remove(unfinished));
    RETURN_IF_ERROR(files.MakeFolder(unfinished));
    for (const CheckpointFile& file : contents) {
      RETURN_IF_ERROR(files.Write(JoinPath(unfinished, file.name), BytesOf(file)));
    }
    return files.Rename(unfinished, folder);
  };
  const absl::Status written = write();
  if (!written.ok()) {
    files.Remove(unfinished).IgnoreError();  // the first error counts
  }
  return written;
}

}  // namespace

absl::Status ExportLlama(const Run& run, const std::string& folder, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(folder));
  if (kind != PathKind::kNone) {
    return absl::AlreadyExistsError(
        absl::StrCat("'", folder, "' is there already; name a folder that is not"));
  }
  const Vocabulary& vocabulary = run.layout.vocabulary;
  ASSIGN_OR_RETURN(const std::string config,
                   WriteLlamaConfig({.model = run.config.model,
                                     .ids = vocabulary.size(),
                                     .context = run.config.train.row_length,
                                     .begin = vocabulary.document(),
                                     .end = vocabulary.end_document()}));
  const bool has_json = run.tokenizer.file_name() == std::string_view("tokenizer.json");
  std::vector<CheckpointFile> contents = {{"config.json", config},
                                          {"README.md", ModelCard(run, has_json)},
                                          {"model.safetensors", TextSide(run)}};
  if (has_json) {
    ASSIGN_OR_RETURN(const std::string tokenizer, TokenizerWithOwn(run));
    contents.push_back({"tokenizer.json", tokenizer});
    contents.push_back({"tokenizer_config.json", TokenizerConfigJson()});
  } else {
    contents.push_back({run.tokenizer.file_name(), run.tokenizer.Serialized()});
  }
  return SaveFolder(folder, contents, files);
}

}  // namespace tessera
