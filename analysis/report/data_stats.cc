#include "analysis/report/data_stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/page/html.h"
#include "analysis/page/svg.h"
#include "config/status.h"

namespace tessera {
namespace {

constexpr size_t kShown = 30;  // of words and of sizes
constexpr int64_t kBins = 24;
constexpr int64_t kColumn = 340;  // pixels

using Counts = std::vector<std::pair<std::string, int64_t>>;

// Runs of letters and digits; what is not ASCII counts as letters.
void CountWords(const std::string& text, std::map<std::string, int64_t>* words) {
  std::string word;
  const auto end = [&] {
    if (!word.empty()) {
      ++(*words)[word];
    }
    word.clear();
  };
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        static_cast<unsigned char>(c) > 0x7f) {
      word += absl::ascii_tolower(static_cast<unsigned char>(c));
    } else {
      end();
    }
  }
  end();
}

class Counter {
 public:
  Counter(const StatsOptions& options, DataStats* stats) : options_(options), stats_(*stats) {
    for (const PatchGrid& grid : options.grids) {
      stats_.grids.emplace_back(absl::StrCat(grid.rows, "x", grid.cols), 0);
    }
  }

  void Add(const Document& document) {
    ++stats_.looked_at;
    for (const Segment& segment : document.segments) {
      const std::string* text = AsText(segment);
      text != nullptr ? AddText(*text) : AddPicture(*AsImage(segment));
    }
  }

 private:
  void AddText(const std::string& text) {
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
    stats_.letters.push_back(
        static_cast<double>(std::ssize(text) - std::ranges::count_if(text, continues)));
    if (options_.tokenizer != nullptr) {
      stats_.tokens.push_back(static_cast<double>(options_.tokenizer->Encode(text).size()));
    }
    CountWords(text, &stats_.words);
  }

  void AddPicture(const Image& image) {
    ++stats_.sizes[{image.height, image.width}];
    if (!options_.grids.empty()) {
      ++stats_.grids[static_cast<size_t>(NearestGrid(image, options_.grids))].second;
    }
  }

  const StatsOptions& options_;
  DataStats& stats_;
};

// Those with the most first; equals in the order of their names.
Counts MostOf(Counts counts) {
  std::ranges::stable_sort(counts, std::ranges::greater(), &Counts::value_type::second);
  counts.resize(std::min(counts.size(), kShown));
  return counts;
}

Counts Words(const DataStats& stats) { return MostOf({stats.words.begin(), stats.words.end()}); }

Counts Sizes(const DataStats& stats) {
  Counts counts;
  for (const auto& [size, count] : stats.sizes) {
    counts.emplace_back(absl::StrCat(size.first, " x ", size.second), count);
  }
  return MostOf(counts);
}

int64_t Pictures(const DataStats& stats) {
  int64_t pictures = 0;
  for (const auto& [size, count] : stats.sizes) {
    pictures += count;
  }
  return pictures;
}

// "letters of a text: 3 to 90, 20.5 in the mean, 18 at half, 60 at 95%".
std::string SpreadLine(const char* what, std::vector<double> values) {
  if (values.empty()) {
    return "";
  }
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.) / static_cast<double>(values.size());
  return absl::StrFormat(
      "%s: %.0f to %.0f, %.1f in the mean, half at most %.0f, 95%% at most %.0f\n", what,
      values.front(), values.back(), mean, at(.5), at(.95));
}

std::string CountsLine(const char* what, const Counts& counts) {
  return counts.empty()
             ? ""
             : absl::StrCat(what, ": ",
                            absl::StrJoin(counts, ", ",
                                          [](std::string* line, const auto& one) {
                                            absl::StrAppend(line, one.first, " (", one.second, ")");
                                          }),
                            "\n");
}

Figure Rows(const char* title, const char* label, const Counts& counts) {
  RowPlot plot{.title = title, .label = label, .names = {}, .values = {}, .deviations = {}};
  for (const auto& [name, count] : counts) {
    plot.names.push_back(name);
    plot.values.push_back(static_cast<double>(count));
    plot.deviations.push_back(NAN);
  }
  return SvgFigure(RowPlotSvg(plot));
}

Figure Lengths(const char* title, const char* label, const std::vector<double>& values) {
  BarPlot plot = Histogram(values, kBins);
  plot.title = title;
  plot.x_label = label;
  plot.y_label = "texts";
  return SvgFigure(BarPlotSvg(plot));
}

}  // namespace

absl::StatusOr<DataStats> CountDocuments(const std::vector<SetToCount>& sets,
                                         const StatsOptions& options) {
  DataStats stats;
  Counter counter(options, &stats);
  for (size_t k = 0; k < sets.size(); ++k) {
    stats.sets.push_back({sets[k].name, sets[k].train->size(), sets[k].test->size()});
    for (const auto& dataset : {sets[k].train, sets[k].test}) {
      const int64_t size = dataset->size(), count = std::min(options.count, size);
      for (int64_t i = 0; i < count; ++i) {
        ASSIGN_OR_RETURN(const Document document, dataset->Get(i * size / count));
        counter.Add(document);
        if (options.on_progress) {
          const double of_set = static_cast<double>(i + 1) / static_cast<double>(count);
          const double before = static_cast<double>(2 * k + (dataset == sets[k].test ? 1 : 0));
          options.on_progress((before + of_set) / static_cast<double>(2 * sets.size()));
        }
      }
    }
  }
  return stats;
}

std::string ToString(const DataStats& stats) {
  std::string out;
  for (const DataStats::OfSet& set : stats.sets) {
    absl::StrAppend(&out, set.name.empty() ? "documents" : set.name, ": ", set.train,
                    " to train on, ", set.test, " to test on\n");
  }
  absl::StrAppend(&out, "looked at: ", stats.looked_at, " documents with ", stats.letters.size(),
                  " texts and ", Pictures(stats), " pictures\n",
                  SpreadLine("letters of a text", stats.letters),
                  SpreadLine("tokens of a text", stats.tokens));
  return absl::StrCat(out, CountsLine("sizes of pictures", Sizes(stats)),
                      Pictures(stats) > 0 ? CountsLine("nearest grids", stats.grids) : "",
                      CountsLine("words", Words(stats)));
}

std::string DataStatsPage(const DataStats& stats, const std::string& title) {
  HtmlPage page(title);
  std::vector<std::vector<std::string>> rows;
  for (const DataStats::OfSet& set : stats.sets) {
    rows.push_back(
        {set.name.empty() ? "all" : set.name, absl::StrCat(set.train), absl::StrCat(set.test)});
  }
  page.Heading("Documents");
  page.Table({"set", "to train on", "to test on"}, rows);
  page.Paragraph(absl::StrCat("What follows is counted in ", stats.looked_at,
                              " documents, taken evenly from each split."));
  if (!stats.letters.empty()) {
    std::vector<Figure> figures = {Lengths("Lengths of texts", "letters", stats.letters)};
    if (!stats.tokens.empty()) {
      figures.push_back(Lengths("Lengths of texts in tokens", "tokens", stats.tokens));
    }
    figures.push_back(Rows("Most frequent words", "times", Words(stats)));
    page.Heading("Texts");
    page.Figures(figures, kColumn);
  }
  if (Pictures(stats) > 0) {
    page.Heading("Pictures");
    page.Figures({Rows("Most frequent sizes, height x width", "pictures", Sizes(stats)),
                  Rows("Grids that pictures are nearest to", "pictures", stats.grids)},
                 kColumn);
  }
  page.Details("The numbers as text", ToString(stats));
  return page.Text();
}

}  // namespace tessera
