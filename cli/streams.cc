#include "cli/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <streambuf>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

// Escapes control characters and what FirstInvalidUtf8 finds.
std::string Printable(std::string_view text) {
  std::string printable;
  int64_t invalid = FirstInvalidUtf8(text).value_or(-1);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_invalid = static_cast<int64_t>(i) == invalid;
    if (is_invalid || IsControl(text[i])) {
      absl::StrAppendFormat(&printable, "\\x%02x", static_cast<unsigned char>(text[i]));
    } else {
      printable += text[i];
    }
    if (is_invalid) {
      const auto next = FirstInvalidUtf8(text.substr(i + 1));
      invalid = next ? static_cast<int64_t>(i) + 1 + *next : -1;
    }
  }
  return printable;
}

// Passes everything on, and keeps why the first write failed: the C library drops what it could not
// write, so nobody can ask again later.
class OutputBuffer : public std::streambuf {
 public:
  explicit OutputBuffer(std::streambuf* to) : to_(to) {}

  int failure() const { return failure_; }  // an errno; 0: none

 protected:
  int_type overflow(int_type c) override {
    const int_type put = to_->sputc(traits_type::to_char_type(c));
    Keep(!traits_type::eq_int_type(put, traits_type::eof()));
    return put;
  }

  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::streamsize put = to_->sputn(bytes, count);
    Keep(put == count);
    return put;
  }

  int sync() override {
    const int result = to_->pubsync();
    Keep(result == 0);
    return result;
  }

 private:
  void Keep(bool ok) {
    if (!ok && failure_ == 0) {
      failure_ = errno;
    }
  }

  std::streambuf* to_;
  int failure_ = 0;
};

// Never destroyed, since std::cout is flushed once more when everything else is gone.
OutputBuffer& Output() {
  static auto* const output = new OutputBuffer(std::cout.rdbuf());
  return *output;
}

}  // namespace

bool OpenStandardStreams() {
  std::cout.rdbuf(&Output());
  bool output_was_open = true;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {  // open takes the lowest number
      open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
      output_was_open &= descriptor != STDOUT_FILENO;
    }
  }
  return output_was_open;
}

absl::StatusOr<std::string> ReadInput() {
  std::string bytes;
  std::array<char, 1 << 16> chunk;
  ssize_t got;
  while ((got = read(STDIN_FILENO, chunk.data(), chunk.size())) != 0) {
    if (got > 0) {
      bytes.append(chunk.data(), static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot read standard input");
    }
  }
  return bytes;
}

absl::Status FlushOutput() {
  if (std::cout.flush()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("standard output could not be written: ", std::strerror(Output().failure())));
}

void ShowError(std::string_view sentence) {
  std::cerr << "tessera: " << Printable(sentence) << "\n";
}

}  // namespace tessera
