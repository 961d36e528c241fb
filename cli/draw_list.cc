#include "cli/draw_list.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/signals.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/image/image_io.h"
#include "data/picture_array.h"
#include "data/prompt_list.h"
#include "infer/generator.h"
#include "infer/stream.h"
#include "run/picture_recipe.h"

namespace tessera {
namespace {

// A picture to be drawn. Those of one prompt differ by their index alone.
struct Job {
  const ListedPrompt* prompt;
  int64_t index;
  std::string name;  // below --out
};

// What turns prompts into requests to the engine.
class Requests {
 public:
  Requests(const Run& run, const std::string& grid) : run_(run), grid_(grid) {}

  EngineRequest Of(const ListedPrompt& prompt, int64_t index) const {
    EngineRequest request{.prompt = {{prompt.text}},
                          .config = run_.config.generate,
                          .until = Until::kImage,
                          .grid = GridOf(prompt).value(),
                          .seed = static_cast<uint64_t>(prompt.seed),
                          .index = index,
                          .amed = run_.amed};
    if (!prompt.negative.empty()) {
      request.config.negative = prompt.negative;
    }
    return request;
  }

  absl::Status Check(const ListedPrompt& prompt) const {
    RETURN_IF_ERROR(GridOf(prompt).status());
    const GenerateConfig& config = run_.config.generate;
    if (!prompt.negative.empty() && config.guidance == 1 && config.image_guidance == 1) {
      return absl::FailedPreconditionError(
          "\"negative\" has no effect without guidance; --set guidance=2, or remove it");
    }
    return CheckPrompt({{prompt.text}}, Until::kImage, run_.layout, run_.tokenizer);
  }

 private:
  absl::StatusOr<std::optional<int64_t>> GridOf(const ListedPrompt& prompt) const {
    return prompt.grid.empty() ? GridIndex("--grid", grid_, run_.layout.grids)
                               : GridIndex("\"grid\"", prompt.grid, run_.layout.grids);
  }

  const Run& run_;
  const std::string& grid_;
};

std::string NameOf(const ListedPrompt& prompt, int64_t index, PictureNames names, int64_t count) {
  switch (names) {
    case PictureNames::kFlat:
      return count == 1 ? prompt.id + ".png" : absl::StrFormat("%s-%04d.png", prompt.id, index);
    case PictureNames::kGeneval:
      return absl::StrFormat("%s/samples/%04d.png", prompt.id, index);
  }
  return "";
}

std::vector<Job> JobsOf(const std::vector<ListedPrompt>& prompts, PictureNames names,
                        int64_t count) {
  std::vector<Job> jobs;
  for (const ListedPrompt& prompt : prompts) {
    for (int64_t i = 0; i < count; ++i) {
      jobs.push_back({&prompt, i, NameOf(prompt, i, names, count)});
    }
  }
  return jobs;
}

// The jobs of one part: every parts-th.
std::vector<Job> PartOf(const std::vector<Job>& jobs, const ListArguments& list) {
  std::vector<Job> part;
  for (size_t i = static_cast<size_t>(list.part - 1); i < jobs.size(); i += list.parts) {
    part.push_back(jobs[i]);
  }
  return part;
}

// A line of the metadata.jsonl that makes the folder a data set of kind image_folder.
std::string FlatRow(const Job& job) {
  JsonObject row = {{"file_name", {job.name}}};
  if (Json{job.prompt->row}.Find("text") == nullptr) {
    row.emplace_back("text", Json{job.prompt->text});
  }
  std::ranges::copy_if(job.prompt->row, std::back_inserter(row),
                       [](const auto& member) { return member.first != "file_name"; });
  return DumpJson({std::move(row)}) + "\n";
}

// The files beside the pictures, which are those of the whole list whatever the part.
std::vector<std::pair<std::string, std::string>> Rows(const std::vector<Job>& jobs,
                                                      PictureNames names) {
  std::vector<std::pair<std::string, std::string>> files;
  std::string flat;
  for (const Job& job : jobs) {
    if (names == PictureNames::kFlat) {
      flat += FlatRow(job);
    } else if (job.index == 0) {
      files.emplace_back(job.prompt->id + "/metadata.jsonl", DumpJson({job.prompt->row}) + "\n");
    }
  }
  if (!flat.empty()) {
    files.emplace_back("metadata.jsonl", std::move(flat));
  }
  return files;
}

// Writes what is not there yet; what is there must be the same.
absl::Status WriteRows(const std::vector<std::pair<std::string, std::string>>& rows,
                       const std::string& out, const Files& files) {
  std::vector<std::pair<std::string, std::string>> missing;
  for (const auto& [name, text] : rows) {
    const std::string path = JoinPath(out, name);
    ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
    if (kind == PathKind::kNone) {
      missing.emplace_back(path, text);
      continue;
    }
    ASSIGN_OR_RETURN(const std::string there, files.Read(path));
    if (there != text) {
      return absl::AlreadyExistsError(
          absl::StrCat("'", path, "' is that of another list or --count; name another --out"));
    }
  }
  for (const auto& [path, text] : missing) {
    RETURN_IF_ERROR(files.MakeFolder(path.substr(0, path.rfind('/'))));
    RETURN_IF_ERROR(files.Write(path, text));
  }
  return absl::OkStatus();
}

// The jobs whose pictures are not there.
absl::StatusOr<std::vector<Job>> Open(const std::vector<Job>& jobs, const OpenedRun& opened,
                                      const ListRequest& asked, const Requests& requests) {
  std::vector<Job> open;
  for (const Job& job : jobs) {
    const std::string path = JoinPath(asked.out, job.name);
    ASSIGN_OR_RETURN(const PathKind kind, opened.files->Kind(path));
    if (kind == PathKind::kNone) {
      open.push_back(job);
      continue;
    }
    ASSIGN_OR_RETURN(const std::string png, opened.files->Read(path));
    const auto recipe = RecipeIn(png);
    if (!recipe.ok() ||
        *recipe != PictureRecipe(opened.run, asked.run, requests.Of(*job.prompt, job.index))) {
      return absl::AlreadyExistsError(absl::StrCat(
          "'", path, "' was not drawn by this run, prompt and settings; name another --out"));
    }
  }
  return open;
}

absl::Status DrawJobs(const std::vector<Job>& jobs, const OpenedRun& opened,
                      const ListRequest& asked, const Requests& requests) {
  const Run& run = opened.run;
  EngineOptions options = OptionsOf(run.config.generate);
  options.stop = ListenForStop();
  int64_t done = 0;
  const auto write = [&](int64_t i, const Document& document) -> absl::Status {
    const Image* image = AsImage(document.segments.back());
    TORCH_CHECK(image != nullptr, "a document that ends after a picture ends without one");
    const std::string recipe =
        PictureRecipe(run, asked.run, requests.Of(*jobs[i].prompt, jobs[i].index));
    RETURN_IF_ERROR(opened.files->Write(JoinPath(asked.out, jobs[i].name),
                                        WithRecipe(EncodePng(*image), recipe)));
    ++done;
    ShowShare("pictures", static_cast<double>(done) / static_cast<double>(jobs.size()));
    return absl::OkStatus();
  };
  const auto request = [&](int64_t i) { return requests.Of(*jobs[i].prompt, jobs[i].index); };
  RETURN_IF_ERROR(ContinueEach(*run.model, run.tokenizer, run.layout, options,
                               {std::ssize(jobs), asked.batch, request, write}));
  return done == std::ssize(jobs)
             ? absl::OkStatus()
             : absl::CancelledError(absl::StrCat("stopped after ", done, " of ", jobs.size(),
                                                 " pictures; the same command draws the others"));
}

absl::Status MakeFolders(const std::vector<Job>& jobs, const std::string& out, const Files& files) {
  std::set<std::string> folders;
  for (const Job& job : jobs) {
    const std::string path = JoinPath(out, job.name);
    folders.insert(path.substr(0, path.rfind('/')));
  }
  for (const std::string& folder : folders) {
    RETURN_IF_ERROR(files.MakeFolder(folder));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DrawList(const OpenedRun& opened, const ListArguments& list,
                      const ListRequest& request) {
  const Files& files = *opened.files;
  ASSIGN_OR_RETURN(const std::string text, files.Read(list.file));
  ASSIGN_OR_RETURN(const std::vector<ListedPrompt> prompts,
                   ParsePromptList(text, list.file, request.seed));
  const Requests requests(opened.run, request.grid);
  for (const ListedPrompt& prompt : prompts) {
    if (const absl::Status status = requests.Check(prompt); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("'", list.file, "', prompt '", prompt.id,
                                                      "': ", status.message()));
    }
  }
  const std::vector<Job> jobs = JobsOf(prompts, list.names, request.count);
  const std::vector<Job> part = PartOf(jobs, list);
  ASSIGN_OR_RETURN(const std::vector<Job> open, Open(part, opened, request, requests));
  RETURN_IF_ERROR(WriteRows(Rows(jobs, list.names), request.out, files));
  RETURN_IF_ERROR(MakeFolders(open, request.out, files));
  if (!open.empty()) {
    RETURN_IF_ERROR(DrawJobs(open, opened, request, requests));
  }
  Notes() << Counted(std::ssize(part), "picture") << " in " << request.out << ", "
          << part.size() - open.size() << " of them there before\n";
  if (list.npz.empty()) {
    return absl::OkStatus();
  }
  std::vector<std::string> paths;
  for (const Job& job : part) {
    paths.push_back(JoinPath(request.out, job.name));
  }
  return WritePictureArray(paths, list.npz, files);
}

void AddListOptions(CLI::App& app, ListArguments* arguments) {
  CLI::Option* prompts =
      app.add_option("--prompts", arguments->file,
                     "Draw pictures for each prompt of this file: one a line, or a .jsonl of "
                     "objects with \"prompt\" or \"text\" and perhaps \"id\", \"seed\", \"grid\" "
                     "and \"negative\". Pictures that are there already are kept.");
  const auto layout = [arguments](const std::string& name) {
    const auto names = EnumFromName<PictureNames>(name);
    if (!names) {
      throw CLI::ValidationError("--layout", "must be flat or geneval, not '" + name + "'");
    }
    arguments->names = *names;
  };
  app.add_option_function<std::string>(
         "--layout", layout,
         "Name pictures ID.png (flat, the default) or ID/samples/0000.png (geneval).")
      ->needs(prompts);
  const auto part = [arguments](const std::string& text) {
    const size_t slash = text.find('/');
    if (slash == text.npos || !absl::SimpleAtoi(text.substr(0, slash), &arguments->part) ||
        !absl::SimpleAtoi(text.substr(slash + 1), &arguments->parts) || arguments->part < 1 ||
        arguments->part > arguments->parts) {
      throw CLI::ValidationError("--part", "must be like 3/8, not '" + text + "'");
    }
  };
  app.add_option_function<std::string>(
         "--part", part, "Draw only this part of the pictures, such as 3/8 for the third of 8.")
      ->needs(prompts);
  app.add_option("--npz", arguments->npz,
                 "Also write the pictures as one array of bytes [N, H, W, 3], 'arr_0', into this "
                 "file.")
      ->type_name("FILE.npz")
      ->needs(prompts);
}

}  // namespace tessera
