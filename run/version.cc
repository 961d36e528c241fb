#include "run/version.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "files/processor.h"

namespace tessera {
namespace {

constexpr char kCommit[] = TESSERA_COMMIT;  // empty in an archive without .git
#ifdef __clang__
constexpr char kCompiler[] = __VERSION__;
#else
constexpr char kCompiler[] = "g++ " __VERSION__;
#endif

}  // namespace

std::string ProgramName() {
  const std::string commit = kCommit;
  return absl::StrCat("tessera ", TESSERA_VERSION, commit.empty() ? "" : " (" + commit + ")");
}

JsonObject ProgramFacts(const Files& files) {
  JsonArray sets;
  for (const std::string& set : InstructionSets(files)) {
    sets.push_back(Json{set});
  }
  return {{"version", {TESSERA_VERSION}},
          {"commit", {kCommit}},
          {"libtorch", {TORCH_VERSION}},
          {"compiler", {kCompiler}},
          {"processor", {Processor(files)}},
          {"instruction_sets", {std::move(sets)}},
          {"libtorch_uses", {at::get_cpu_capability()}},
          {"threads", {int64_t{at::get_num_threads()}}}};
}

std::string VersionText() {
  const Files files;
  const int threads = at::get_num_threads();
  return absl::StrCat(ProgramName(), ", LibTorch ", TORCH_VERSION, "\ncompiler: ", kCompiler,
                      "\nprocessor: ", Processor(files), ", ",
                      absl::StrJoin(InstructionSets(files), " "),
                      "\nLibTorch's own loops use: ", at::get_cpu_capability(), ", ", threads,
                      " thread", threads == 1 ? "" : "s");
}

}  // namespace tessera
