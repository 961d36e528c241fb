// How long OpenMP's threads spin before they sleep, when they wait for each other at the end of an
// operation. By default they spin for so long that a training step beside one busy core, where a
// thread waits for one that does not run, takes 2.5 times as long as alone; with a short spin it
// takes 1.0 to 1.6 times as long, and alone up to 7 % longer (docs/performance.md).
//
// OpenMP reads its environment when it is loaded, so the program starts anew with the variable set:
// before its libraries initialise, which is what takes time of a start (System V ABI,
// "Initialization and Termination Functions": preinitialisers come first).
#include <unistd.h>

#include <climits>
#include <string_view>
#include <vector>

namespace {

void SpinBriefly(int, char** argv, char** environment) {
  std::vector<char*> with_spin;
  for (char** variable = environment; *variable != nullptr; ++variable) {
    const std::string_view set = *variable;
    if (set.starts_with("GOMP_SPINCOUNT=") || set.starts_with("OMP_WAIT_POLICY=")) {
      return;  // the caller's choice, or ours
    }
    with_spin.push_back(*variable);
  }
  char choice[] = "GOMP_SPINCOUNT=100";
  with_spin.insert(with_spin.end(), {choice, nullptr});
  char program[PATH_MAX + 1] = "";
  if (readlink("/proc/self/exe", program, PATH_MAX) > 0) {
    execve(program, argv, with_spin.data());
  }
  // A system without that name goes on as it is.
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const spin_briefly)(int, char**,
                                                                         char**) = SpinBriefly;

}  // namespace
