#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/report/document_page.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/open_run.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/document_reader.h"
#include "data/document_writer.h"
#include "data/image/image_io.h"
#include "data/text/text_check.h"
#include "infer/generator.h"
#include "sequence/grids.h"

namespace tessera {
namespace {

constexpr const char* kPictureEndings[] = {".png", ".jpg", ".jpeg", ".webp",
                                           ".bmp", ".tif", ".tiff"};
constexpr int64_t kSheetColumns = 8, kSheetMargin = 2, kSheetSide = 128;  // pictures, pixels

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
  return std::ranges::any_of(
      kPictureEndings, [&](const char* ending) { return absl::EndsWithIgnoreCase(word, ending); });
}

std::string PictureEndings() {
  return absl::StrCat("a picture ends in one of ", absl::StrJoin(kPictureEndings, ", "));
}

absl::StatusOr<Segment> ReadSegment(const std::string& word, const Files& files,
                                    int64_t max_pixels) {
  if (IsPicture(word)) {
    ASSIGN_OR_RETURN(Image image, ReadPicture(word, files, max_pixels));
    return Segment(std::move(image));
  }
  // A text too long for a name cannot be looked at, and is no file.
  if (const auto kind = files.Kind(word); kind.ok() && *kind == PathKind::kFile) {
    return absl::InvalidArgumentError(absl::StrCat(
        "prompt: '", word, "' is a file and, by its ending, no picture that can be read; ",
        PictureEndings()));
  }
  if (const absl::Status status = CheckText(word); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("prompt: ", status.message()));
  }
  return Segment(word);
}

absl::StatusOr<Document> ReadPrompt(const Arguments& arguments, const Files& files,
                                    int64_t max_pixels) {
  if (!arguments.document.empty()) {
    return ReadDocument(arguments.document, files, max_pixels);
  }
  Document document;
  for (const std::string& word : arguments.words) {
    ASSIGN_OR_RETURN(Segment segment, ReadSegment(word, files, max_pixels));
    document.segments.push_back(std::move(segment));
  }
  return document;
}

// As the model reads it: pictures in their grids.
void FitPictures(const LayoutSpec& layout, Document* document) {
  for (Segment& segment : document->segments) {
    if (Image* image = std::get_if<Image>(&segment)) {
      const PatchGrid grid = layout.grids[NearestGrid(*image, layout.grids)];
      *image = FitToGrid(*image, grid, layout.patch, layout.fit);
    }
  }
}

// A text alone asks for its picture, a document with a picture for a text, nothing and --document
// for all that follows.
absl::StatusOr<Until> UntilWhat(const Arguments& arguments, const Document& prompt) {
  if (!arguments.until.empty()) {
    const auto until = EnumFromName<Until>(arguments.until);
    const std::vector<std::string> names = {"text", "image", "end"};
    return until ? absl::StatusOr<Until>(*until)
                 : absl::InvalidArgumentError(
                       absl::StrCat("--until is text, image or end; nearest to '", arguments.until,
                                    "' is '", Nearest(arguments.until, names), "'"));
  }
  if (!arguments.document.empty() || prompt.segments.empty()) {
    return Until::kEnd;
  }
  const bool picture = std::ranges::any_of(
      prompt.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
  return picture ? Until::kText : Until::kImage;
}

// What was generated: all but the prompt, whose last text may have been continued.
Document After(const Document& prompt, const Document& whole) {
  Document after;
  for (size_t i = 0; i < whole.segments.size(); ++i) {
    const std::string* text = AsText(whole.segments[i]);
    if (i >= prompt.segments.size()) {
      after.segments.push_back(whole.segments[i]);
    } else if (text != nullptr && *text != *AsText(prompt.segments[i])) {
      after.segments.emplace_back(text->substr(AsText(prompt.segments[i])->size()));
    }
  }
  return after;
}

void Print(const Document& document) {
  const char* before = "";
  for (const Segment& segment : document.segments) {
    const std::string* text = AsText(segment);
    std::cout << before << (text != nullptr ? *text : "[picture]");
    before = " | ";
  }
  std::cout << "\n";
}

struct Generated {
  Document prompt;
  std::vector<Document> whole;
  std::vector<Document> after;  // the same without the prompt
};

// A model may end a document before it says anything.
bool IsEmpty(const Document& document) {
  return std::ranges::all_of(document.segments, [](const Segment& segment) {
    const std::string* text = AsText(segment);
    return text != nullptr && Trim(*text).empty();
  });
}

Generated GenerateAll(const Arguments& arguments, const Run& run, Document prompt, Until until) {
  GenerateRequest request{.prompts = {}, .until = until, .seed = arguments.seed};
  Generated generated{.prompt = std::move(prompt), .whole = {}, .after = {}};
  if (isatty(STDERR_FILENO)) {
    request.on_slot = [&](int64_t slots) {
      std::cerr << absl::StrFormat("\r\033[K%d of %d documents, slot %d", request.first_index,
                                   arguments.count, slots)
                << std::flush;
    };
  }
  const std::atomic<bool>* stop = StopOnSignal();
  for (; request.first_index < arguments.count && !*stop; request.first_index += arguments.batch) {
    request.prompts.assign(std::min(arguments.batch, arguments.count - request.first_index),
                           generated.prompt);
    for (Document& document :
         Generate(*run.model, run.tokenizer, run.layout, run.config.generate, request)) {
      if (!IsEmpty(document)) {
        generated.after.push_back(After(generated.prompt, document));
        generated.whole.push_back(std::move(document));
      }
    }
  }
  std::cerr << (request.on_slot ? "\r\033[K" : "");
  return generated;
}

std::string Settings(const Arguments& arguments, Until until, const GenerateConfig& config) {
  return absl::StrCat("# run ", arguments.run, ", --seed ", arguments.seed, ", --until ",
                      std::string(EnumName(until)), "\n", ToToml(config));
}

absl::Status WriteSheet(const std::string& out, const std::vector<Document>& documents,
                        const Files& files) {
  std::vector<Image> images;
  for (const Document& document : documents) {
    for (const Segment& segment : document.segments) {
      if (const Image* image = AsImage(segment)) {
        images.push_back(*image);
      }
    }
  }
  if (images.empty()) {
    return absl::OkStatus();
  }
  const int64_t scale = std::max<int64_t>(1, kSheetSide / images.front().width);
  return files.Write(JoinPath(out, "sheet.png"),
                     EncodePng(ContactSheet(images, kSheetColumns, kSheetMargin, scale)));
}

// A folder that generation wrote may be written again; a data set from elsewhere is not replaced.
absl::Status CheckOut(const std::string& out, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind documents, files.Kind(JoinPath(out, "docs.jsonl")));
  ASSIGN_OR_RETURN(const PathKind page, files.Kind(JoinPath(out, "page.html")));
  return documents == PathKind::kNone || page != PathKind::kNone
             ? absl::OkStatus()
             : absl::AlreadyExistsError(
                   absl::StrCat("--out '", out,
                                "' holds a data set that tessera did not generate; name another"));
}

absl::Status RunGenerate(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = arguments.run,
                                                    .overrides = arguments.overrides,
                                                    .device = arguments.device,
                                                    .needs = {CheckHasModel}}));
  const Run& run = opened.run;
  const Files& files = *opened.files;
  ASSIGN_OR_RETURN(Document prompt, ReadPrompt(arguments, files, run.config.data.max_pixels));
  ASSIGN_OR_RETURN(const Until until, UntilWhat(arguments, prompt));
  if (until == Until::kImage) {
    RETURN_IF_ERROR(CheckGeneratesImages(arguments.run, run));
  }
  FitPictures(run.layout, &prompt);
  RETURN_IF_ERROR(CheckPrompt(prompt, until, run.layout, run.tokenizer));

  RETURN_IF_ERROR(CheckOut(arguments.out, files));
  RETURN_IF_ERROR(files.MakeFolder(arguments.out));  // or fail before the work
  const Generated generated = GenerateAll(arguments, run, std::move(prompt), until);
  if (generated.whole.empty()) {
    return stop_requested
               ? absl::CancelledError("stopped before the first document was whole")
               : absl::NotFoundError("the model ended every document at once; give it a prompt");
  }
  std::ranges::for_each(generated.after, Print);
  const GeneratedPage page{.title = "Generated by " + arguments.run,
                           .prompt = generated.prompt,
                           .continuations = generated.after,
                           .settings = Settings(arguments, until, run.config.generate)};
  RETURN_IF_ERROR(files.Write(JoinPath(arguments.out, "page.html"), ToHtml(page)));
  RETURN_IF_ERROR(WriteSheet(arguments.out, generated.after, files));
  RETURN_IF_ERROR(WriteDocuments(files, arguments.out, generated.whole));
  std::cout << Counted(std::ssize(generated.whole), "document") << " in " << arguments.out << "\n";
  return stop_requested ? absl::CancelledError(
                              absl::StrFormat("stopped before all %d documents", arguments.count))
                        : absl::OkStatus();
}

std::string Keys() {
  std::string keys;
  for (const FieldInfo& field : ListFields(GenerateConfig())) {
    if (!field.type.empty()) {
      const bool choice = absl::StrContains(field.type, '|');
      absl::StrAppendFormat(&keys, "  %-22s %s%s\n", field.path, field.doc,
                            choice ? absl::StrCat("; ", field.type) : "");
    }
  }
  return keys;
}

}  // namespace

Command AddGenerate(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "a run or checkpoint folder")->required();
  CLI::Option* words =
      app.add_option("prompt", arguments->words,
                     absl::StrCat("texts and picture files, in order; ", PictureEndings(),
                                  "; without any the model begins by itself"));
  app.add_option("--document", arguments->document, "a JSON document to continue")->excludes(words);
  app.add_option("--set", arguments->overrides, "key=value, of the keys below");
  app.add_option("--until", arguments->until,
                 "text: the next picture is not drawn; image: the next one is the last; end: all; "
                 "by default image after a text, text after a picture, end for --document");
  app.add_option("--out", arguments->out, "folder to write")->capture_default_str();
  app.add_option("--count", arguments->count, "documents to generate; Ctrl-C keeps those so far")
      ->check(AtLeast(1))
      ->capture_default_str();
  app.add_option("--batch", arguments->batch, "of them at a time; changes nothing but the speed")
      ->check(AtLeast(1))
      ->capture_default_str();
  app.add_option("--seed", arguments->seed, "of everything random")
      ->check(AtLeast(0))
      ->capture_default_str();
  AddDeviceOption(app, &arguments->device);
  app.footer("Keys of --set, by default as the run's config.toml says in [generate]:\n" + Keys() +
             "Example: tessera generate runs/shapes 'a large red circle in the middle' "
             "--count 16 --set guidance=2 sampler.steps=20");
  return [arguments] { return RunGenerate(*arguments); };
}

}  // namespace tessera
