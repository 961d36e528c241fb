#include "analysis/measure/continue.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "analysis/measure/gather_documents.h"
#include "infer/generator.h"

namespace tessera {

std::vector<Document> ContinueAll(const Run& run, const std::vector<Document>& prompts, Until until,
                                  const EvaluateOptions& options, std::optional<int64_t> grid) {
  GenerateConfig config = run.config.generate;
  if (until == Until::kText) {
    config.text_temperature = 0;
  }
  const auto [begin, end] = options.ranks.ShareOf(std::ssize(prompts));
  std::vector<Document> documents;
  for (int64_t first = begin; first < end; first += options.batch) {
    const int64_t last = std::min(end, first + options.batch);
    GenerateRequest request;
    request.amed = run.amed;
    request.prompts.assign(prompts.begin() + first, prompts.begin() + last);
    request.until = until;
    request.seed = options.seed;
    request.first_index = first;
    request.grid = grid;
    request.stop = options.stop;
    std::ranges::move(Generate(*run.model, run.tokenizer, run.layout, config, request),
                      std::back_inserter(documents));
    if (options.on_progress) {
      options.on_progress(until == Until::kText ? "texts" : "pictures",
                          static_cast<double>(last - begin) / static_cast<double>(end - begin));
    }
  }
  return GatherDocuments(std::move(documents), options.ranks);
}

Drawn Draw(const Run& run, const std::vector<Document>& prompts, const EvaluateOptions& options,
           std::optional<int64_t> grid) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Document> documents = ContinueAll(run, prompts, Until::kImage, options, grid);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  Drawn drawn{.images = {}, .seconds = seconds.count()};
  for (Document& document : documents) {
    if (!document.segments.empty()) {
      drawn.images.push_back(std::get<Image>(std::move(document.segments.back())));
    }
  }
  return drawn;
}

}  // namespace tessera
