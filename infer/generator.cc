// R = rows, N = those that act, L = num_conditions, W = width of a hidden state, V = ids, D =
// numbers a patch.
#include "infer/generator.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "infer/continuation.h"
#include "infer/guidance.h"
#include "infer/query_drawer.h"
#include "infer/reader.h"
#include "infer/text_sampler.h"
#include "ops/autocast.h"
#include "ops/pixels.h"
#include "ops/random.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

// A model that draws no pictures begins none.
GenerateConfig ForModel(GenerateConfig config, const Model& model, Until until) {
  const bool draws = model.config().generates_images();
  TORCH_CHECK(draws || until != Until::kImage, "the model draws no pictures");
  config.max_images = draws ? config.max_images : 0;
  return config;
}

// Row i of condition l is row l * count + i of the reader. The num_conditions past the first are
// read while a picture is drawn and begin anew with each.
class Generation {
 public:
  Generation(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
             const GenerateConfig& config, const GenerateRequest& request)
      : model_(model),
        layout_(layout),
        config_(ForModel(config, model, request.until)),
        rules_{tokenizer, layout_, config_, request.until, request.grid},
        on_conditions_(request.on_conditions),
        count_(std::ssize(request.prompts)),
        num_conditions_(NumGuidanceConditions(config)),
        reader_(model, num_conditions_ * count_) {
    TORCH_CHECK(layout.arrangement == model.config().arrangement,
                "the layout arranges slots as the model does not know them");
    layout_.max_slots = 0;
    rows_.reserve(count_);
    std::vector<Sequence> prompts;
    for (int64_t i = 0; i < count_; ++i) {
      rows_.emplace_back(
          request.prompts[i], rules_,
          MakeGenerator(model.device(), request.seed, Stream::kSample, request.first_index + i));
      prompts.push_back(LaneOf(rows_.back(), 0));
    }
    // The hidden state of the prompt's last slot decides what comes next.
    const std::vector<ReadSlot> last = reader_.RestartBeforeLast(0, std::move(prompts));
    for (int64_t i = 0; i < count_; ++i) {
      rows_[i].Unread({last[i]});
    }
  }

  std::vector<Document> Run(const std::function<void(int64_t slots)>& on_slot) {
    for (int64_t slots = 1; !std::ranges::all_of(rows_, &Continuation::done); ++slots) {
      Read();
      WriteIds();
      DrawPatches();
      if (on_slot) {
        on_slot(slots);
      }
    }
    std::vector<Document> documents;
    for (const Continuation& row : rows_) {
      documents.push_back(row.document());
    }
    return documents;
  }

 private:
  Sequence LaneOf(const Continuation& row, int64_t condition) const {
    return SequenceUnder(condition, row.document(), row.shown(), rules_);
  }

  // All rows of the num_conditions in use read their next block.
  void Read() {
    const int64_t num_conditions =
        std::ranges::any_of(rows_, &Continuation::drawing) ? num_conditions_ : 1;
    std::vector<ReadBlock> blocks(num_conditions * count_);
    for (int64_t i = 0; i < count_; ++i) {
      if (rows_[i].done()) {
        continue;
      }
      const int64_t row_lanes = rows_[i].drawing() ? num_conditions_ : 1;
      const ReadBlock block = rows_[i].NextUnread();
      for (int64_t condition = 0; condition < row_lanes; ++condition) {
        blocks[condition * count_ + i] = block;
      }
    }
    hidden_GRTW_ = reader_.Read(blocks).unflatten(0, {num_conditions, count_});
  }

  // Indices of the rows that have read all they must and are in the state asked for.
  std::vector<int64_t> Ready(bool (Continuation::*state)() const) const {
    std::vector<int64_t> ready;
    for (int64_t i = 0; i < count_; ++i) {
      if ((rows_[i].*state)() && !rows_[i].has_unread()) {
        ready.push_back(i);
      }
    }
    return ready;
  }

  // Of slot i of row r, counted in the block that the row has just read, r * T + i.
  Tensor HiddenOf(const std::vector<int64_t>& slots) const {
    return at::index_select(hidden_GRTW_.flatten(1, 2), 1, torch::tensor(slots, model_.device()));
  }

  // The next id of each row that writes: a token, an opener, or the end.
  void WriteIds() {
    const std::vector<int64_t> ready = Ready(&Continuation::writing);
    if (ready.empty()) {
      return;
    }
    std::vector<int64_t> slots;
    for (const int64_t i : ready) {
      slots.push_back(i * hidden_GRTW_.size(2));  // ids are read one at a time
    }
    const Tensor logits_NV = model_.TextLogits(HiddenOf(slots)[0]).to(torch::kFloat32);
    std::vector<int64_t> began;  // to draw
    for (int64_t n = 0; n < std::ssize(ready); ++n) {
      Continuation& row = rows_[ready[n]];
      row.AppendId(SampleText(row.AllowedLogits(logits_NV[n]), rules_.config, row.rng()));
      if (row.drawing()) {
        began.push_back(ready[n]);
      }
    }
    RestartLanes(began);
  }

  // The num_conditions past the first, of rows in a row together.
  void RestartLanes(const std::vector<int64_t>& rows) {
    for (size_t first = 0, last = 0; first < rows.size(); first = last) {
      for (last = first + 1; last < rows.size() && rows[last] == rows[last - 1] + 1;) {
        ++last;
      }
      for (int64_t condition = 1; condition < num_conditions_; ++condition) {
        std::vector<Sequence> sequences;
        for (size_t n = first; n < last; ++n) {
          sequences.push_back(LaneOf(rows_[rows[n]], condition));
        }
        reader_.Restart(condition * count_ + rows[first], sequences);
      }
    }
  }

  // The next patches of each row that draws; rows of as many steps together.
  void DrawPatches() {
    std::map<int64_t, std::vector<int64_t>> rows_by_steps;
    for (const int64_t i : Ready(&Continuation::drawing)) {
      rows_by_steps[SamplerOf(i).steps].push_back(i);
    }
    for (const auto& [steps, rows] : rows_by_steps) {
      if (rules_.layout.arrangement.objective == Objective::kHead) {
        DrawPatches(rows);
      } else {
        DraftDrawer{model_, reader_, rows_, num_conditions_, rules_.config}.Draw(
            rows, SamplerOf(rows.front()));
      }
    }
  }

  SamplerConfig SamplerOf(int64_t row) const {
    return AtTurn(rules_.config.sampler, rows_[row].turn(), rows_[row].grid().size());
  }

  void DrawPatches(const std::vector<int64_t>& ready) {
    std::vector<int64_t> slots, place, counts;
    std::vector<double> share_N;
    std::vector<at::Generator> rngs;
    const int64_t joint = rules_.layout.arrangement.joint_patches();
    for (const int64_t i : ready) {
      const PatchGrid grid = rows_[i].grid();
      const double share = static_cast<double>(rows_[i].turn()) / static_cast<double>(grid.size());
      int64_t slot = i * hidden_GRTW_.size(2);
      const std::vector<int64_t> cells = rows_[i].NextCells();
      for (const int64_t cell : cells) {
        slots.push_back(slot++);
        const auto [row, col] = grid.At(cell);
        place.insert(place.end(), {row, col});
      }
      counts.push_back(std::ssize(cells));
      share_N.insert(share_N.end(), cells.size() / joint, share);
      rngs.insert(rngs.end(), cells.size() / joint, rows_[i].rng());
    }
    const Tensor row_col_N2 = torch::tensor(place, model_.device()).view({-1, 2});
    const Tensor z_GNW = model_.Condition(HiddenOf(slots), row_col_N2);
    const Conditions conditions = Guide(z_GNW, share_N, rules_.config);
    if (on_conditions_) {
      on_conditions_(conditions);
    }
    const Tensor drawn_ND = model_.SamplePatches(conditions, SamplerOf(ready.front()), rngs);
    const std::vector<Tensor> drawn =
        NearestPixels(drawn_ND).view({-1, model_.patch_dim()}).split_with_sizes(counts);
    for (size_t n = 0; n < ready.size(); ++n) {
      rows_[ready[n]].AppendPatches(drawn[n]);
    }
  }

  Model& model_;
  LayoutSpec layout_;
  const GenerateConfig config_;
  ContinuationRules rules_;
  std::function<void(const Conditions&)> on_conditions_;
  int64_t count_, num_conditions_;
  Reader reader_;
  std::vector<Continuation> rows_;
  Tensor hidden_GRTW_;  // of the blocks read last, in the num_conditions in use
};

}  // namespace

absl::Status CheckPrompt(const Document& prompt, Until until, const LayoutSpec& layout,
                         const Tokenizer& tokenizer) {
  LayoutSpec whole = layout;
  whole.max_slots = 0;
  int64_t slots = LayoutPrompt(prompt, whole, tokenizer).size();
  if (until == Until::kImage) {
    slots += std::ranges::max(layout.grids, {}, &PatchGrid::size).size() +
             layout.arrangement.patches_at_once();  // of openers
  }
  if (layout.max_slots == 0 || slots <= layout.max_slots) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the prompt needs ", slots, " slots", until == Until::kImage ? " with its picture" : "",
      ", and this model was trained on ", layout.max_slots, " (train.row_length); shorten it"));
}

std::vector<Document> Generate(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                               const GenerateConfig& config, const GenerateRequest& request) {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(model.device(), config.precision);
  return Generation(model, tokenizer, layout, config, request).Run(request.on_slot);
}

}  // namespace tessera
