#include "data/text/sentence_pieces.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <utility>

namespace tessera {
namespace {

// U+2581 stands for a space inside pieces, so a text's own U+2581 must be spelled in bytes.
constexpr std::string_view kSpaceMark = "\xE2\x96\x81";
constexpr const char* kSpaceMarkBytes[] = {"<0xE2>", "<0x96>", "<0x81>"};

// What turns a model into one that puts no space before a text, when it follows the model's bytes:
// normalizer_spec (field 3) with add_dummy_prefix (its field 3) false. Of a protocol buffer's field
// the last mention counts.
constexpr std::string_view kNoDummyPrefix("\x1A\x02\x18\x00", 4);

class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> lines_;
  size_t next_ = 0;
};

class Processor : public TextCodec {
 public:
  bool Load(const std::string& model) {
    if (!beginning_.LoadFromSerializedProto(model).ok() ||
        !rest_.LoadFromSerializedProto(model + std::string(kNoDummyPrefix)).ok()) {
      return false;
    }
    for (const char* byte : kSpaceMarkBytes) {
      const int id = rest_.PieceToId(byte);
      if (rest_.IsByte(id)) {
        space_mark_ids_.push_back(id);
      }
    }
    return true;
  }

  int64_t size() const override { return beginning_.GetPieceSize(); }

  std::vector<int64_t> Encode(std::string_view text) const override {
    std::vector<int64_t> ids;
    for (const auto* processor = &beginning_;; processor = &rest_) {
      const size_t mark = space_mark_ids_.empty() ? text.npos : text.find(kSpaceMark);
      const std::string_view part = text.substr(0, mark);
      for (const int id : processor->EncodeAsIds({part.data(), part.size()})) {
        ids.push_back(id);
      }
      if (mark == text.npos) {
        return ids;
      }
      ids.insert(ids.end(), space_mark_ids_.begin(), space_mark_ids_.end());
      text.remove_prefix(mark + kSpaceMark.size());
    }
  }

  std::string Decode(const std::vector<int64_t>& ids) const override {
    std::vector<int> known;
    for (const int64_t id : ids) {
      if (id >= 0 && id < size()) {
        known.push_back(static_cast<int>(id));
      }
    }
    return beginning_.DecodeIds(known);
  }

 private:
  // Many a model puts a space before a text; what follows a spelled mark must get none.
  sentencepiece::SentencePieceProcessor beginning_, rest_;
  std::vector<int64_t> space_mark_ids_;  // empty: this model cannot tell a mark from a space
};

// The library names its source, the condition that failed and its own options. The one condition
// that texts and a size can fail is said in other words.
std::string ProblemOf(const std::string& message) {
  if (message.find("required_chars") != message.npos) {
    return "the 256 bytes and the letters alone are more";
  }
  const size_t source = message.rfind("] ");
  return source == message.npos ? message : message.substr(source + 2);
}

}  // namespace

SentencePieces::Trained SentencePieces::Train(std::vector<std::string> lines, std::string_view type,
                                              int64_t size) {
  lines.push_back(" ");  // so that no text at all gives a model too: the 256 bytes and the space
  Lines sentences(std::move(lines));
  Trained trained;
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      {{"model_type", std::string(type)},
       {"vocab_size", std::to_string(size)},
       {"hard_vocab_limit", "false"},
       {"byte_fallback", "true"},
       {"normalization_rule_name", "identity"},
       {"add_dummy_prefix", "false"},
       {"remove_extra_whitespaces", "false"},
       {"required_chars", std::string(kSpaceMark)},
       {"bos_id", "-1"},  // <doc> and <end-doc> are ours
       {"eos_id", "-1"},
       {"max_sentence_length", "1000000000"},  // longer ones would be left out silently
       {"num_threads", "1"},                   // sums of floats in one order on every machine
       {"minloglevel", "9"}},                  // silent
      &sentences, &trained.model);
  if (!status.ok()) {
    trained = {.model = "", .problem = ProblemOf(status.error_message())};
  }
  return trained;
}

std::shared_ptr<const TextCodec> SentencePieces::Parse(const std::string& model) {
  auto processor = std::make_shared<Processor>();
  return processor->Load(model) ? processor : nullptr;
}

}  // namespace tessera
