// A study on one page: what each arm draws, the table, the curves, what differs.
#pragma once

#include <string>

#include "analysis/ablation/study_table.h"

namespace tessera {

// Writes <folder>/study.json, study.csv and report.html. command: what the study was asked for
// with.
absl::Status WriteStudy(const StudyResult& result, const std::string& folder,
                        const std::string& command, const Files& files);

}  // namespace tessera
