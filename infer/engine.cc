// G = guidance conditions, N = rows that read or act, T = slots of a block, W = width of a hidden
// state, V = ids, D = numbers a patch.
#include "infer/engine.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "infer/guidance.h"
#include "infer/text_sampler.h"
#include "ops/autocast.h"
#include "ops/failures.h"
#include "ops/random.h"

namespace tessera {
namespace {

// Rows that are drawn in one call.
struct DrawingGroup {
  Sampling sampling;
  size_t conditions;
  double guided_from, guided_to;
  std::vector<size_t> members;  // of the rows that draw

  bool Fits(const DrawingGroup& other) const {
    return sampling.config == other.sampling.config && sampling.amed == other.sampling.amed &&
           conditions == other.conditions && guided_from == other.guided_from &&
           guided_to == other.guided_to;
  }
};

// What is not finite would become a text or a picture like any other.
void CheckFinite(const Tensor& numbers) {
  if (!at::isfinite(numbers).all().item<bool>()) {
    throw NotFinite(
        "the model's numbers are not finite, so nothing can be drawn or written from them; lower "
        "guidance and temperatures, or take a checkpoint of before training went wrong");
  }
}

}  // namespace

struct Engine::Row {
  Row(int64_t name, EngineRequest request, const Tokenizer& tokenizer, const LayoutSpec& layout,
      torch::Device device)
      : name(name),
        amed(std::move(request.amed)),
        rules{tokenizer, layout, request.config, request.until, request.grid},
        continuation(std::move(request.prompt), rules,
                     MakeGenerator(device, request.seed, Stream::kSample,
                                   static_cast<uint64_t>(request.index))) {}

  Sequence Under(int64_t condition) const {
    return SequenceUnder(condition, continuation.document(), continuation.presentation(), rules);
  }

  // How the row's next patches are drawn.
  DrawingGroup Group() const {
    const auto [from, to] = GuidedInterval(rules.config);
    return {{AtTurn(rules.config.sampler, continuation.turn(), continuation.grid().size()), amed},
            reader_rows.size(),
            from,
            to,
            {}};
  }

  int64_t name;
  std::shared_ptr<AmedPredictor> amed;
  ContinuationRules rules;
  Continuation continuation;
  // One a guidance condition. Those past the first are open while a picture is drawn.
  std::vector<int64_t> reader_rows = {};
  Tensor h_GTW = {};  // hidden states of the block read last
};

Engine::Engine(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
               EngineOptions options)
    : model_(model),
      tokenizer_(tokenizer),
      layout_(layout),
      options_(std::move(options)),
      packed_(options_.packed && PackedModel::Supports(model)
                  ? std::make_unique<PackedModel>(model, *options_.packed)
                  : nullptr),
      reader_(MakeReader(model, packed_.get())),
      drawer_(MakeDrawer(model, *reader_,
                         {SamplerOf(model, options_.packed), options_.on_conditions})) {
  TORCH_CHECK(layout.arrangement == model.config().arrangement,
              "the layout arranges slots as the model does not know them");
  layout_.max_slots = 0;
}

Engine::~Engine() = default;

int64_t Engine::Add(EngineRequest request) {
  const bool draws = model_.config().generates_images();
  TORCH_CHECK(draws || request.until != Until::kImage, "the model draws no pictures");
  if (!draws) {
    request.config.max_images = 0;  // it begins none
  }
  const int64_t name = next_request_++;
  rows_.push_back(
      std::make_unique<Row>(name, std::move(request), tokenizer_, layout_, model_.device()));
  return name;
}

std::vector<EngineEvent> Engine::Step() {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(model_.device(), options_.precision);
  std::vector<EngineEvent> events;
  if (!idle()) {
    Admit();
    Read();
    WriteIds(&events);
    DrawPatches(&events);
    Leave(&events);
  }
  return events;
}

Document Engine::Cancel(int64_t request) {
  const auto found = std::ranges::find(rows_, request, [](const auto& row) { return row->name; });
  TORCH_CHECK(found != rows_.end(), "no request ", request, " is being continued");
  Row& row = **found;
  CloseFrom(row, 0);
  Document document = row.continuation.Interrupted();
  rows_.erase(found);
  return document;
}

// The prompts of rows that joined are read together. The hidden state of a prompt's last slot
// decides what comes next, so that slot is the first to be read in a step.
void Engine::Admit() {
  std::vector<Row*> joined;
  std::vector<Sequence> prompts;
  for (const auto& row : rows_) {
    if (row->reader_rows.empty()) {
      joined.push_back(row.get());
      prompts.push_back(row->Under(0));
    }
  }
  if (joined.empty()) {
    return;
  }
  const std::vector<int64_t> opened = reader_->Open(prompts, /*before_last=*/true);
  for (size_t i = 0; i < joined.size(); ++i) {
    joined[i]->reader_rows = {opened[i]};
    joined[i]->continuation.Unread({{.id = prompts[i].ids.back()}});
  }
}

// All rows read their next block under all their conditions, the first conditions of all rows
// first: the order in which the reader's rows were opened.
void Engine::Read() {
  std::vector<ReadBlock> next;
  size_t most = 0;
  for (const auto& row : rows_) {
    next.push_back(row->continuation.NextUnread());
    most = std::max(most, row->reader_rows.size());
  }
  std::vector<RowBlock> blocks;
  std::vector<std::vector<int64_t>> read_as(rows_.size());  // of each row: its blocks
  for (size_t condition = 0; condition < most; ++condition) {
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (condition < rows_[i]->reader_rows.size()) {
        read_as[i].push_back(std::ssize(blocks));
        blocks.push_back({rows_[i]->reader_rows[condition], next[i]});
      }
    }
  }
  const Tensor h_NTW = reader_->Read(blocks);
  for (size_t i = 0; i < rows_.size(); ++i) {
    rows_[i]->h_GTW = at::index_select(h_NTW, 0, torch::tensor(read_as[i], h_NTW.device()));
  }
}

// The rows that have read all they must and are in the state asked for.
std::vector<Engine::Row*> Engine::Ready(bool (Continuation::*state)() const) const {
  std::vector<Row*> ready;
  for (const auto& row : rows_) {
    if ((row->continuation.*state)() && !row->continuation.has_unread()) {
      ready.push_back(row.get());
    }
  }
  return ready;
}

// The next id of each row that writes: a token, an opener, or the end.
void Engine::WriteIds(std::vector<EngineEvent>* events) {
  const std::vector<Row*> ready = Ready(&Continuation::writing);
  if (ready.empty()) {
    return;
  }
  std::vector<Tensor> states;
  for (const Row* row : ready) {
    states.push_back(row->h_GTW[0][0]);  // ids are read one at a time
  }
  const Tensor h_NW = at::stack(states);
  const Tensor logits_NV =
      packed_ ? packed_->TextLogits(h_NW) : model_.TextLogits(h_NW).to(torch::kFloat32);
  CheckFinite(logits_NV);
  std::vector<Row*> began;
  for (size_t n = 0; n < ready.size(); ++n) {
    Continuation& row = ready[n]->continuation;
    const Tensor allowed_V = row.AllowedLogits(logits_NV[static_cast<int64_t>(n)]);
    const int64_t id = SampleText(allowed_V, row.config(), row.rng());
    row.AppendId(id);
    if (id < layout_.vocabulary.text_size()) {
      events->emplace_back(ready[n]->name, TokenEvent{id});
    }
    if (row.drawing()) {
      began.push_back(ready[n]);
    }
  }
  BeginPictures(began);
}

// Opens the guidance conditions past the first.
void Engine::BeginPictures(const std::vector<Row*>& rows) {
  for (int64_t condition = 1;; ++condition) {
    std::vector<Row*> under;
    std::vector<Sequence> sequences;
    for (Row* row : rows) {
      if (condition < NumGuidanceConditions(row->rules.config)) {
        under.push_back(row);
        sequences.push_back(row->Under(condition));
      }
    }
    if (under.empty()) {
      return;
    }
    const std::vector<int64_t> opened = reader_->Open(sequences, /*before_last=*/false);
    for (size_t i = 0; i < under.size(); ++i) {
      under[i]->reader_rows.push_back(opened[i]);
    }
  }
}

// The next patches of each row that draws; rows whose patches are drawn alike together.
void Engine::DrawPatches(std::vector<EngineEvent>* events) {
  const std::vector<Row*> ready = Ready(&Continuation::drawing);
  std::vector<DrawingGroup> groups;
  for (size_t i = 0; i < ready.size(); ++i) {
    DrawingGroup own = ready[i]->Group();
    auto group =
        std::ranges::find_if(groups, [&](const DrawingGroup& other) { return other.Fits(own); });
    if (group == groups.end()) {
      group = groups.insert(group, std::move(own));
    }
    group->members.push_back(i);
  }
  for (DrawingGroup& group : groups) {
    group.sampling.stop = options_.stop;
    std::vector<DrawingRow> drawing;
    for (const size_t i : group.members) {
      drawing.push_back({ready[i]->continuation, ready[i]->reader_rows, ready[i]->h_GTW});
    }
    const std::vector<Tensor> drawn = drawer_->Draw(drawing, group.sampling);
    for (size_t n = 0; n < group.members.size(); ++n) {
      CheckFinite(drawn[n]);
      Append(*ready[group.members[n]], drawn[n], events);
    }
  }
}

void Engine::Append(Row& row, const Tensor& patch_ND, std::vector<EngineEvent>* events) {
  Continuation& continuation = row.continuation;
  const PatchGrid grid = continuation.grid();
  const std::vector<int64_t> cells = continuation.NextCells();
  for (size_t n = 0; n < cells.size(); ++n) {
    events->emplace_back(row.name, PatchEvent{grid, cells[n], patch_ND[static_cast<int64_t>(n)]});
  }
  continuation.AppendPatches(patch_ND);
  if (!continuation.drawing()) {  // the picture is finished
    events->emplace_back(row.name, *AsImage(continuation.document().segments.back()));
    CloseFrom(row, 1);
  }
}

// Closes the reader's rows of this condition and of those past it.
void Engine::CloseFrom(Row& row, size_t condition) {
  while (row.reader_rows.size() > condition) {
    reader_->Close(row.reader_rows.back());
    row.reader_rows.pop_back();
  }
}

// Rows that are done leave.
void Engine::Leave(std::vector<EngineEvent>* events) {
  for (const auto& row : rows_) {
    if (row->continuation.done()) {
      CloseFrom(*row, 0);
      events->emplace_back(row->name, row->continuation.document());
    }
  }
  std::erase_if(rows_, [](const auto& row) { return row->continuation.done(); });
}

}  // namespace tessera
