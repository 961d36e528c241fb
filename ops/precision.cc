#include "ops/precision.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace tessera {
namespace {

bool CpuHasBf16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

// Whether oneDNN may use those instructions. The first variable that is set counts, as it does in
// oneDNN; a name that is not listed sets no bound.
bool OneDnnMayUseBf16() {
  constexpr std::string_view kWithout[] = {
      "SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"};
  for (const char* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (const char* bound = std::getenv(name)) {
      return std::ranges::find(kWithout, bound) == std::end(kWithout);
    }
  }
  return true;
}

}  // namespace

Precision FastPrecision() {
  static const Precision fast =
      CpuHasBf16() && OneDnnMayUseBf16() ? Precision::kBf16 : Precision::kF32;
  return fast;
}

}  // namespace tessera
