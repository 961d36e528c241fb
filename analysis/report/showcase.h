// What a run draws and writes, for people to look at, judged where its data set can judge.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "analysis/page/html.h"
#include "run/run.h"

namespace tessera {

// Adds to the page, as far as the data set has them: pictures drawn for captions of the test split
// and, of drawn data, for held-out combinations; texts written for pictures; training pictures
// beside what is drawn for their captions; whole documents that the run tells.
absl::Status AddShowcase(const Run& run, const std::shared_ptr<const Files>& files, HtmlPage* page);

}  // namespace tessera
