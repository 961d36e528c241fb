#include "infer/generator.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>
#include <set>

#include "data/packer.h"
#include "data/patches.h"
#include "infer/text_sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

// One document on its way. Between two steps it holds the slot that the model reads next.
struct Row {
  Document document;
  std::vector<int64_t> text;    // ids of the text being written
  std::vector<Tensor> patches;  // of the picture being drawn
  int64_t grid = -1;            // of that picture; -1: writing text
  int64_t images = 0;           // drawn so far
  int64_t next_id = 0;
  at::Generator rng;
  bool done = false;

  bool drawing() const { return grid >= 0; }
};

// A lane is the whole batch under one condition of guidance: 0 as it is, 1 without text, 2 without
// text and earlier pictures. Lanes past the first live while a picture is drawn; each has rows of
// its own in the cache.
constexpr int64_t kMaxLanes = 3;

class Generation {
 public:
  Generation(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
             const GenerateConfig& config, const GenerateRequest& request)
      : model_(model),
        tokenizer_(tokenizer),
        layout_(layout),
        config_(config),
        request_(request),
        count_(static_cast<int64_t>(request.prompts.size())),
        lanes_(config.image_guidance != 1 ? kMaxLanes
               : config.guidance != 1     ? 2
                                          : 1),
        length_(lanes_, std::vector<int64_t>(count_, 0)),
        hidden_(lanes_),
        cache_(model.MakeCache(lanes_ * count_, 64)) {
    layout_.max_slots = 0;
    for (int64_t i = 0; i < count_; ++i) {
      Row row;
      row.document = request.prompts[i];
      row.rng =
          MakeGenerator(model.device(), request.seed, Stream::kSample, request.first_index + i);
      rows_.push_back(std::move(row));
    }
  }

  std::vector<Document> Run() {
    std::vector<int64_t> all(count_);
    for (int64_t i = 0; i < count_; ++i) {
      all[i] = i;
    }
    ReadPrompts(/*lane=*/0, all, /*opener=*/-1);
    for (int64_t slots = 1;; ++slots) {
      DrawPatches();
      WriteText();
      if (std::all_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.done; })) {
        break;
      }
      Step();
      if (request_.on_slot) {
        request_.on_slot(slots);
      }
    }
    std::vector<Document> documents;
    for (Row& row : rows_) {
      documents.push_back(std::move(row.document));
    }
    return documents;
  }

 private:
  const Vocabulary& vocabulary() const { return layout_.vocabulary; }

  Document LaneDocument(int64_t lane, const Document& document) const {
    if (lane == 0 || config_.negative.empty()) {
      return document;
    }
    return {{config_.negative}};
  }

  Treatment LaneTreatment(int64_t lane, const Document& document) const {
    Treatment treatment;
    treatment.drop_text = lane > 0 && config_.negative.empty();
    treatment.hidden.assign(document.segments.size(), lane == 2);
    return treatment;
  }

  // Reads the documents of some rows from their start, and an opener after them if not -1.
  void ReadPrompts(int64_t lane, const std::vector<int64_t>& rows, int64_t opener) {
    for (const int64_t i : rows) {
      const Document document = LaneDocument(lane, rows_[i].document);
      Sequence sequence =
          LayoutPrompt(document, layout_, tokenizer_, LaneTreatment(lane, document));
      if (opener >= 0) {
        sequence.ids.push_back(opener);
        sequence.weights.push_back(0);
      }
      const int64_t length = sequence.size();
      length_[lane][i] = length;
      Batch batch = PackRows({sequence}, {{0}}, layout_.patch);
      batch.position_BT = at::arange(batch.slots()).unsqueeze(0);  // padding is overwritten later
      cache_.Reserve(batch.slots() + 1);
      KvCache view = cache_.Rows(lane * count_ + i, 1);
      const Tensor h_1TW = model_.Hidden(batch, {}, &view, batch.slots());
      if (!hidden_[lane].defined()) {
        hidden_[lane] = at::zeros({count_, h_1TW.size(2)}, h_1TW.options());
      }
      hidden_[lane][i] = h_1TW[0][length - 1];
    }
  }

  std::vector<int64_t> Drawing() const {
    std::vector<int64_t> drawing;
    for (int64_t i = 0; i < count_; ++i) {
      if (!rows_[i].done && rows_[i].drawing()) {
        drawing.push_back(i);
      }
    }
    return drawing;
  }

  // The next patch of each row that draws; the last one ends the picture.
  void DrawPatches() {
    const std::vector<int64_t> drawing = Drawing();
    if (drawing.empty()) {
      return;
    }
    const Tensor index_N = torch::tensor(drawing);
    std::vector<int64_t> place;
    std::vector<at::Generator> rngs;
    for (const int64_t i : drawing) {
      const int64_t turn = static_cast<int64_t>(rows_[i].patches.size());
      place.push_back(turn / layout_.grids[rows_[i].grid].cols);
      place.push_back(turn % layout_.grids[rows_[i].grid].cols);
      rngs.push_back(rows_[i].rng);
    }
    const Tensor place_N2 = torch::tensor(place).view({-1, 2});
    std::vector<Branch> branches;
    for (int64_t lane = 0; lane < lanes_; ++lane) {
      const Tensor h_NW = at::index_select(hidden_[lane], 0, index_N);
      branches.push_back({model_.Condition(h_NW, place_N2), LaneWeight(lane, drawing)});
    }
    const Tensor patch_ND = model_.SamplePatches(branches, config_.sampler, rngs);
    for (size_t n = 0; n < drawing.size(); ++n) {
      Row& row = rows_[drawing[n]];
      row.patches.push_back(patch_ND[static_cast<int64_t>(n)]);
      row.next_id = vocabulary().patch();
    }
  }

  // Of each drawing row, as image_head.h wants it: c, i, u of the specification's two conditions,
  // u + w_i (i - u) + w_t (c - i).
  Tensor LaneWeight(int64_t lane, const std::vector<int64_t>& drawing) const {
    std::vector<float> weight;
    for (const int64_t i : drawing) {
      const Row& row = rows_[i];
      const double half = layout_.grids[row.grid].size() / 2.0;
      const bool ramp = config_.guidance_schedule == GuidanceSchedule::kRamp;
      const double share = ramp ? std::min(1.0, static_cast<double>(row.patches.size()) / half) : 1;
      const double text = 1 + (config_.guidance - 1) * share;
      const double image = 1 + (config_.image_guidance - 1) * share;
      weight.push_back(static_cast<float>(lane == 0   ? text
                                          : lane == 1 ? (lanes_ == 2 ? 1 : image) - text
                                                      : 1 - image));
    }
    return torch::tensor(weight).unsqueeze(1);
  }

  void FinishPicture(Row& row) {
    row.document.segments.push_back(
        Unpatchify(at::stack(row.patches), layout_.grids[row.grid], layout_.patch));
    row.patches.clear();
    row.grid = -1;
    ++row.images;
    row.next_id = vocabulary().end_image();
    row.done = request_.until == Until::kImage;
  }

  void FinishText(Row& row) {
    if (row.text.empty()) {
      return;
    }
    const std::string text = tokenizer_.Decode(row.text);
    row.text.clear();
    auto& segments = row.document.segments;
    if (!segments.empty() && std::holds_alternative<std::string>(segments.back())) {
      std::get<std::string>(segments.back()) += text;
    } else {
      segments.push_back(text);
    }
  }

  // The next id of each row that writes: a token, an opener, or the end.
  void WriteText() {
    for (int64_t i = 0; i < count_; ++i) {
      Row& row = rows_[i];
      if (row.done || row.drawing() || ends_picture_.contains(i)) {
        continue;
      }
      Follow(i, NextId(i));
    }
    ends_picture_.clear();
  }

  int64_t NextId(int64_t i) {
    Row& row = rows_[i];
    if (request_.until == Until::kImage && row.text.empty()) {
      return vocabulary().opener(request_.grid);
    }
    Tensor logits_V = model_.TextLogits(hidden_[0].narrow(0, i, 1))[0].to(torch::kCPU).clone();
    const auto forbid = [&](int64_t first, int64_t count) {
      logits_V.narrow(0, first, count).fill_(-std::numeric_limits<float>::infinity());
    };
    const Vocabulary& v = vocabulary();
    for (const int64_t id : {v.document(), v.end_image(), v.null_text(), v.patch()}) {
      forbid(id, 1);
    }
    if (static_cast<int64_t>(row.text.size()) >= config_.max_text) {
      forbid(0, v.text_size());
    }
    if (row.images >= config_.max_images) {
      forbid(v.opener(0), v.num_grids());
    }
    return SampleText(logits_V, config_, row.rng);
  }

  void Follow(int64_t i, int64_t id) {
    Row& row = rows_[i];
    row.next_id = id;
    if (id < vocabulary().text_size()) {
      row.text.push_back(id);
      return;
    }
    FinishText(row);
    const auto grid = vocabulary().GridOf(id);
    if (!grid || request_.until == Until::kText) {
      row.done = true;
      return;
    }
    row.grid = *grid;
    for (int64_t lane = 1; lane < lanes_; ++lane) {
      ReadPrompts(lane, {i}, id);
    }
    opened_.insert(i);
  }

  // All rows of all lanes in use read their next slot.
  void Step() {
    const int64_t lanes = Drawing().empty() ? 1 : lanes_;
    const int64_t rows = lanes * count_;
    std::vector<int64_t> id, position, patch_slot, place;
    std::vector<Tensor> patches;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      for (int64_t i = 0; i < count_; ++i) {
        const Row& row = rows_[i];
        const bool patch = !row.done && row.drawing() && !row.patches.empty();
        // A lane has read the opener with its prompt: its slot is read again, to the same effect.
        const bool again = lane > 0 && opened_.contains(i);
        int64_t& length = length_[lane][i];
        if (patch) {
          const int64_t turn = static_cast<int64_t>(row.patches.size()) - 1;
          patch_slot.push_back(lane * count_ + i);
          patches.push_back(row.patches.back());
          place.push_back(turn / layout_.grids[row.grid].cols);
          place.push_back(turn % layout_.grids[row.grid].cols);
        }
        id.push_back(row.done ? 0 : row.next_id);
        position.push_back(again ? length - 1 : length);
        length += !row.done && !again;
      }
    }
    opened_.clear();
    const int64_t cached = *std::max_element(position.begin(), position.end()) + 1;
    cache_.Reserve(cached);
    Batch batch = StepBatch(id, position);
    const int64_t count = static_cast<int64_t>(patch_slot.size());
    batch.patch_slot_P = torch::tensor(patch_slot, torch::kLong);
    batch.patch_place_P2 = torch::tensor(place, torch::kLong).view({count, 2});
    batch.patch_PD = count > 0 ? at::stack(patches) : at::empty({0, model_.patch_dim()});
    batch.noise_P = at::zeros({count});
    batch.hidden_P = at::zeros({count}, torch::kBool);
    KvCache view = cache_.Rows(0, rows);
    const Tensor h_BW = model_.Hidden(batch, {}, &view, cached).select(1, 0);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      hidden_[lane] = h_BW.narrow(0, lane * count_, count_);
    }
    EndPictures();
  }

  static Batch StepBatch(const std::vector<int64_t>& id, const std::vector<int64_t>& position) {
    Batch batch;
    batch.id_BT = torch::tensor(id).unsqueeze(1);
    batch.position_BT = torch::tensor(position).unsqueeze(1);
    batch.document_BT = at::zeros_like(batch.id_BT);
    return batch;
  }

  // A picture whose last patch has been read is whole; <end-image> is read next.
  void EndPictures() {
    for (const int64_t i : Drawing()) {
      Row& row = rows_[i];
      if (static_cast<int64_t>(row.patches.size()) == layout_.grids[row.grid].size()) {
        FinishPicture(row);
        ends_picture_.insert(i);
      }
    }
  }

  Model& model_;
  const Tokenizer& tokenizer_;
  LayoutSpec layout_;
  const GenerateConfig& config_;
  const GenerateRequest& request_;
  int64_t count_, lanes_;
  std::vector<Row> rows_;
  std::vector<std::vector<int64_t>> length_;  // of each lane and row: slots read
  std::vector<Tensor> hidden_;                // of each lane: [rows, W], after the last slot read
  std::set<int64_t> opened_;                  // rows whose picture was opened in this step
  std::set<int64_t> ends_picture_;            // rows that read <end-image> next
  KvCache cache_;
};

}  // namespace

std::vector<Document> Generate(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                               const GenerateConfig& config, const GenerateRequest& request) {
  torch::NoGradGuard no_grad;
  return Generation(model, tokenizer, layout, config, request).Run();
}

}  // namespace tessera
