// What a command shows besides its answer and its errors: progress, tables and notices. --quiet
// leaves them out.
#pragma once

#include <ostream>
#include <string>

namespace tessera {

inline bool quiet = false;  // set by main

// Returns standard output, or a stream that goes nowhere under --quiet.
std::ostream& Notes();

// Says whether progress is worth showing: standard error is a terminal, and --quiet was not given.
bool ShowsProgress();

// Shows one line of progress in place of the last one, on standard error; an empty one clears it.
void ShowLine(const std::string& line);

// Shows how much of a piece of work is done; the line stays when all is.
void ShowShare(const std::string& what, double share);

}  // namespace tessera
