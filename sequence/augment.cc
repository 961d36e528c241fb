#include "sequence/augment.h"

#include <utility>

#include "ops/hash.h"

namespace tessera {
namespace {

// What bits are drawn for; the k-th picture's noise is kNoise + k.
enum Purpose : uint64_t { kOrder, kDropText, kDropImages, kNoise, kPatchOrder = ~uint64_t{0} };

uint64_t Bits(uint64_t seed, int64_t turn, uint64_t purpose) {
  return MixBits(MixBits(MixBits(seed) ^ static_cast<uint64_t>(turn)) ^ purpose);
}

double Draw(uint64_t seed, int64_t turn, uint64_t purpose) {
  return UnitInterval(Bits(seed, turn, purpose));
}

}  // namespace

Presentation Augment(Document& document, const PresentationConfig& config, uint64_t seed,
                     int64_t turn) {
  std::vector<Segment>& segments = document.segments;
  const bool captioned = segments.size() == 2 && AsText(segments[0]) && AsImage(segments[1]) &&
                         document.unscored.empty();
  if (captioned && Draw(seed, turn, kOrder) < config.picture_first) {
    std::swap(segments[0], segments[1]);
  }
  Presentation presentation;
  presentation.order_key = Bits(seed, turn, kPatchOrder);
  bool text_before = false, picture_after_text = false;
  for (const Segment& segment : segments) {
    if (AsText(segment)) {
      text_before = true;
      continue;
    }
    picture_after_text |= text_before;
    const uint64_t picture = presentation.noise.size();
    presentation.noise.push_back(Draw(seed, turn, kNoise + picture) *
                                 (text_before ? config.noise_generated : config.noise_read));
  }
  presentation.drop_text = picture_after_text && Draw(seed, turn, kDropText) < config.drop_text;
  if (presentation.noise.size() > 1 && Draw(seed, turn, kDropImages) < config.drop_images) {
    presentation.hidden.assign(presentation.noise.size() - 1, true);
  }
  return presentation;
}

}  // namespace tessera
