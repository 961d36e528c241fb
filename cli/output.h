// What a command shows besides its answer and its errors. --quiet leaves it out. What a command did
// and found goes to standard output, what it is doing to standard error. There are no colours.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tessera {

inline bool quiet = false;                     // set by main
inline std::vector<std::string> command_line;  // set by main: the program and its arguments

// Returns standard output, or a stream that goes nowhere under --quiet.
std::ostream& Notes();

// Says whether progress is worth showing: standard error is a terminal, and --quiet was not given.
bool ShowsProgress();

// Shows one line of progress in place of the last one, on standard error; an empty one clears it.
void ShowLine(const std::string& line);

// Shows one line of progress of which a file keeps all: on a terminal in place of the last one,
// unless that was to stay.
void ShowStep(const std::string& line, bool stays);

// Ends a line of progress that a terminal still shows.
void EndLine();

// Shows how much of a piece of work is done and how long the rest will take; the line stays when
// all is. Where no terminal is, a line a minute is written. A piece begins where the last one was
// shown.
void ShowShare(const std::string& what, double share);

}  // namespace tessera
