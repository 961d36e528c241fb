// Whether a run tells pictures of files apart. Asked of training pictures, no figure is held out.
#pragma once

#include "analysis/measure/captioned.h"
#include "analysis/measure/continue.h"

namespace tessera {

struct RetrievalScore {
  int64_t gallery = 0;   // training pictures whose caption is theirs alone; nothing is drawn if 0
  double retrieved = 0;  // share of drawn pictures that are nearest to their own true picture of
                         // the gallery, by mean squared distance of the pixels
  double seconds_per_picture = 0;
};

// How many of the drawn pictures, all of one size, are nearest to their own of the gallery:
// drawn[i] to gallery[own[i]].
int64_t CountRetrieved(const std::vector<Image>& drawn, const std::vector<int64_t>& own,
                       const std::vector<CaptionedPicture>& gallery, Fit fit);

// Draws at most options.count captions of a gallery of at most 200.
RetrievalScore EvaluateRetrieval(const Run& run, const std::vector<CaptionedPicture>& training,
                                 const EvaluateOptions& options);

// The share of the pictures whose caption the run writes letter by letter.
double ShareOfExactCaptions(const Run& run, const std::vector<CaptionedPicture>& pictures,
                            const EvaluateOptions& options);

}  // namespace tessera
