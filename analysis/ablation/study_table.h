// What a study found: means and spreads over the seeds of each arm.
#pragma once

#include <string>
#include <vector>

#include "analysis/ablation/study_runs.h"

namespace tessera {

struct Spread {
  int64_t count = 0;     // of the values that were measured
  double mean = 0;       // NaN if there are none
  double deviation = 0;  // sample standard deviation; NaN of fewer than two
};
Spread SpreadOf(const std::vector<double>& values);

struct StudyResult {
  const StudyPlan& plan;
  const StudyOutcomes& outcomes;  // one a run of the plan
};

// The outcomes of an arm's finished runs.
std::vector<const RunOutcome*> FinishedRuns(const StudyResult& result, const std::string& arm);

// Every measure of any run, in order.
std::vector<std::string> MeasureNames(const StudyResult& result);

// Those to look at first: the study's readouts, else the usual ones that there are.
// "bits_per_subpixel" stands for all three of its kinds.
std::vector<std::string> Readouts(const StudyResult& result);

Spread ReadoutOf(const StudyResult& result, const std::string& arm, const std::string& readout);

struct TextTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// A row an arm: how many of its runs are finished, readouts, then what they cost.
TextTable ArmTable(const StudyResult& result);

// The runs without numbers: arm, seed, what became of it, why. Those that wait are left out.
TextTable ProblemTable(const StudyResult& result);

// In columns of equal width.
std::string PlainText(const TextTable& table);

// Arms with settings, and n, mean and deviation of every measure; then every run.
std::string StudyJson(const StudyResult& result);

// A row a run, a column a measure.
std::string StudyCsv(const StudyResult& result);

}  // namespace tessera
