// How a document is shown when it comes by in training: which of text and picture comes first,
// what is hidden, how noisy the pictures are.
#pragma once

#include <cstdint>

#include "data/config.h"
#include "data/document.h"
#include "sequence/layout.h"

namespace tessera {

// A pure function of its arguments; turn: the document's index in the endless stream of epochs.
// Each knob draws its own number, so that changing one changes nothing else.
// - picture_first: a document of exactly a text and its picture becomes picture, text.
// - drop_text: texts are hidden, if a picture follows one.
// - drop_images: all pictures but the last are hidden.
// - order_key: other random orders of patches each time.
// - noise: uniform up to noise_generated for a picture that follows text, else up to noise_read.
Presentation Augment(Document& document, const PresentationConfig& config, uint64_t seed,
                     int64_t turn);

}  // namespace tessera
