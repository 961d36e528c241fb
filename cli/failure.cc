#include "cli/failure.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "distributed/ranks.h"
#include "ops/failures.h"

namespace tessera {
namespace {

Failure OutOfMemory() {
  return {
      "out of memory; ask for less (--batch, --count, sizes of the recipe), or allow more "
      "(ulimit -v, the memory of the machine or container)",
      kBadInput};
}

// A library's text: its first line, which is what went wrong; the rest is where.
Failure Fault(std::string text) {
  text.erase(std::min(text.find('\n'), text.size()));
  return {absl::StrCat("a fault of the program, please report it: ", text), kMissedOrFault};
}

// LibTorch says in words what a class of exceptions could.
Failure FailureOfTorch(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  for (const char* words : {"allocate memory", "alloc_cpu", "not enough memory", "out of memory",
                            "Storage size calculation overflowed", "invalid size"}) {
    if (absl::StrContains(text, words)) {
      return OutOfMemory();
    }
  }
  return Fault(text);
}

}  // namespace

Failure FailureOf(const std::exception_ptr& exception) {
  if (exception == nullptr) {
    return Fault("it ended without an exception");
  }
  try {
    std::rethrow_exception(exception);
  } catch (const RankLost&) {
    return {
        "another process of this run has ended; the last checkpoint is whole: start all of "
        "them again with --resume",
        kMissedOrFault};
  } catch (const NotFinite& error) {
    return {error.what(), kBadInput};
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::length_error&) {  // a container was asked for more than any machine has
    return OutOfMemory();
  } catch (const c10::Error& error) {
    return FailureOfTorch(error);
  } catch (const std::system_error& error) {
    return error.code() == std::errc::resource_unavailable_try_again
               ? Failure{"the system starts no more threads; lower data.threads or "
                         "OMP_NUM_THREADS, or allow more (ulimit -u, ulimit -v)",
                         kBadInput}
               : Fault(error.what());
  } catch (const std::exception& error) {
    return Fault(error.what());
  } catch (...) {
    return Fault("an exception without a text");
  }
}

}  // namespace tessera
