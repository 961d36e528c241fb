// The words of the command line on their way through CLI11, which has a syntax of its own inside
// them: what a user writes in the shell is to come through to the letter, in any order of options.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tessera {

// Returns the words as CLI11 should get them. An option of several words (AddWords) is named again
// before each of its words: the next one, and those of the form path=value that follow. Words that
// CLI11 would read as lists are guarded.
std::vector<std::string> CommandWords(const std::vector<std::string>& words,
                                      const CLI::App& command);

// Lets all options of an app and its commands take the guard off.
void TakeGuardsOff(CLI::App& app);

// A text in which CLI11 repeats words, without guards.
std::string WithoutGuards(std::string text);

}  // namespace tessera
