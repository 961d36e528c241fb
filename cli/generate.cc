#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/document_writer.h"
#include "data/image_io.h"
#include "infer/generator.h"
#include "train/run.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  std::vector<std::string> words;
  std::string document;
  std::vector<std::string> overrides;
  std::string until;
  std::string out = "generated";
  int64_t count = 1;
  int64_t batch = 16;
  uint64_t seed = 0;
  DeviceKind device = DeviceKind::kCpu;
};

bool IsPicture(const std::string& word) {
  for (const char* ending : {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}) {
    if (absl::EndsWithIgnoreCase(word, ending)) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<Segment> ReadSegment(const std::string& word, const Files& files) {
  if (!IsPicture(word)) {
    return Segment(word);
  }
  ASSIGN_OR_RETURN(const std::string bytes, files.Read(word));
  const auto image = DecodeImage(bytes);
  if (!image.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(word, ": ", image.status().message()));
  }
  return Segment(*image);
}

// {"segments": [{"type": "text", "text": ...}, {"type": "image", "file_name": ...}]}
absl::StatusOr<Document> ReadDocument(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("segments") || !json["segments"].is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a document is a JSON object with a list \"segments\""));
  }
  Document document;
  for (const auto& segment : json["segments"]) {
    const bool image = segment.is_object() && segment.value("type", "") == "image";
    const char* key = image ? "file_name" : "text";
    if (!segment.is_object() || !segment.contains(key) || !segment[key].is_string()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": segment ", document.segments.size() + 1, " has no string \"", key, "\""));
    }
    const std::string value = segment[key];
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    if (image) {
      ASSIGN_OR_RETURN(Segment picture, ReadSegment(JoinPath(folder, value), files));
      document.segments.push_back(std::move(picture));
    } else {
      document.segments.push_back(value);
    }
  }
  return document;
}

absl::StatusOr<Document> Prompt(const Arguments& arguments, const Files& files) {
  if (!arguments.document.empty()) {
    return ReadDocument(arguments.document, files);
  }
  Document document;
  for (const std::string& word : arguments.words) {
    ASSIGN_OR_RETURN(Segment segment, ReadSegment(word, files));
    document.segments.push_back(std::move(segment));
  }
  return document;
}

// A text alone asks for its picture, a document with a picture for a text, --document for all of
// it.
absl::StatusOr<Until> UntilWhat(const Arguments& arguments, const Document& prompt) {
  if (!arguments.until.empty()) {
    const auto until = EnumFromName<Until>(arguments.until);
    return until ? absl::StatusOr<Until>(*until)
                 : absl::InvalidArgumentError(
                       absl::StrCat("--until is text, image or end, not '", arguments.until, "'"));
  }
  if (!arguments.document.empty() || prompt.segments.empty()) {
    return Until::kEnd;
  }
  for (const Segment& segment : prompt.segments) {
    if (AsImage(segment) != nullptr) {
      return Until::kText;
    }
  }
  return Until::kImage;
}

void Print(const Document& document, size_t from) {
  for (size_t i = from; i < document.segments.size(); ++i) {
    const std::string* text = AsText(document.segments[i]);
    std::cout << (text != nullptr ? *text : "[picture]")
              << (i + 1 < document.segments.size() ? " | " : "\n");
  }
}

absl::Status Write(const Arguments& arguments, const std::vector<Document>& documents,
                   const Files& files) {
  RETURN_IF_ERROR(WriteDocuments(files, arguments.out, documents));
  std::vector<Image> images;
  for (const Document& document : documents) {
    for (const Segment& segment : document.segments) {
      if (const Image* image = AsImage(segment)) {
        images.push_back(*image);
      }
    }
  }
  if (!images.empty()) {
    const int64_t scale = std::max<int64_t>(1, 128 / images.front().width);
    RETURN_IF_ERROR(files.Write(JoinPath(arguments.out, "sheet.png"),
                                EncodePng(ContactSheet(images, 8, 2, scale))));
  }
  std::cout << documents.size() << " documents in " << arguments.out << "\n";
  return absl::OkStatus();
}

absl::Status RunGenerate(const Arguments& arguments) {
  const Files files;
  ASSIGN_OR_RETURN(Run run, LoadRun(arguments.run, files, arguments.device));
  RETURN_IF_ERROR(FromToml("", "--set", arguments.overrides, &run.config.generate));
  const std::string problem = SamplerProblem(run.config.model.head, run.config.generate.sampler);
  if (!problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  ASSIGN_OR_RETURN(const Document prompt, Prompt(arguments, files));
  GenerateRequest request;
  ASSIGN_OR_RETURN(request.until, UntilWhat(arguments, prompt));
  request.seed = arguments.seed;
  std::vector<Document> documents;
  while (static_cast<int64_t>(documents.size()) < arguments.count) {
    request.first_index = static_cast<int64_t>(documents.size());
    request.prompts.assign(std::min(arguments.batch, arguments.count - request.first_index),
                           prompt);
    for (Document& document :
         Generate(*run.model, run.tokenizer, run.layout, run.config.generate, request)) {
      Print(document, prompt.segments.size());
      documents.push_back(std::move(document));
    }
    std::cerr << "\r" << documents.size() << " of " << arguments.count << std::flush;
  }
  std::cerr << "\n";
  return Write(arguments, documents, files);
}

}  // namespace

Command AddGenerate(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "a run or checkpoint folder")->required();
  app.add_option("prompt", arguments->words, "texts and picture files, in order");
  app.add_option("--document", arguments->document, "a JSON document to continue");
  app.add_option("--set", arguments->overrides, "key=value of [generate], such as sampler.steps=20")
      ->take_all();
  app.add_option("--until", arguments->until, "text, image or end");
  app.add_option("--out", arguments->out, "folder to write; default generated");
  app.add_option("--count", arguments->count, "documents to generate");
  app.add_option("--batch", arguments->batch, "of them at a time");
  app.add_option("--seed", arguments->seed, "of everything random");
  AddDeviceOption(app, &arguments->device);
  app.footer("Example: tessera generate runs/shapes 'a large red circle in the middle' --count 16");
  return [arguments] { return RunGenerate(*arguments); };
}

}  // namespace tessera
