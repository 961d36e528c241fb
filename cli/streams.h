// The three standard streams: they are always open, and what they fail to carry is an error.
//
// Who may write to the terminal: a command writes its answer to std::cout, everything else to
// Notes() and ShowLine() (cli/output.h), and returns errors, which main.cc writes to standard
// error. No other room writes to either, nor may a library.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tessera {

// Opens those of the descriptors 0 to 2 that are closed, so that no file takes their numbers. They
// still cannot be read or written. From here on std::cout keeps why a write failed. Returns whether
// standard output was open. For main, before anything else.
bool OpenStandardStreams();

// Reads all of standard input.
absl::StatusOr<std::string> ReadInput();

// Writes what standard output still holds. If that, or any write before it, failed, the error has
// the system's reason for the first.
absl::Status FlushOutput();

// Writes a line to standard error, with escapes in place of control characters and of bytes that
// are no UTF-8, since what files are named should not command a terminal.
void ShowError(std::string_view sentence);

}  // namespace tessera
