// Loops over rows that LibTorch has no single operator for: one pass where it would make five to
// thirteen. Plain pointers, no LibTorch; ops/*.cc give them their tensors, their gradients and
// their threads, and keep beside each its definition in a few operators, which tests compare. All
// arithmetic is in float; numbers are stored as float or bfloat16. Rows are contiguous unless a
// stride is given.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct Bf16 {
  uint16_t bits;
};

struct Extent {
  int64_t rows;
  int64_t dim;  // numbers a row
};

// y = x / sqrt(mean(x^2) + epsilon) * weight.
template <class In, class Out>
struct RmsNorm {
  const In* x;
  const float* weight;
  Out* y;
  float* inverse_rms;  // a number a row
  void Run(Extent extent, double epsilon) const;
};

// Adds to dweight, if it is not null.
template <class In, class Out>
struct RmsNormGradients {
  const In* x;
  const float* weight;
  const float* inverse_rms;
  const Out* dy;
  In* dx;
  float* dweight;
  void Run(Extent extent) const;
};

// Turns the pairs (e, e + dim/2) of `heads` heads a row by the row's angles, whose first half of
// sines is negated; backwards if `inverse`.
template <class T>
struct Rotation {
  const T* x;
  const float* cos;
  const float* sin;
  int64_t heads;
  bool inverse;
  T* y;
  void Run(Extent extent) const;  // rows of heads * dim numbers
};

// y = silu(gate) * up.
template <class T>
void SwiGlu(int64_t count, const T* gate, const T* up, T* y);

template <class T>
struct SwiGluGradients {
  const T* gate;
  const T* up;
  const T* dy;
  T* dgate;
  T* dup;
  void Run(int64_t count) const;
};

// y = layer_norm(x) * scale + shift, scale and shift rows of a wider matrix.
template <class T>
struct Modulation {
  const T* x;
  const T* shift;
  const T* scale;
  int64_t stride;  // of shift and scale
  T* y;
  float* mean;         // a number a row
  float* inverse_std;  // a number a row
  void Run(Extent extent, double epsilon) const;
};

// The gradients of x and scale; that of shift is dy itself.
template <class T>
struct ModulationGradients {
  const T* x;
  const T* scale;
  int64_t stride;  // of scale
  const float* mean;
  const float* inverse_std;
  const T* dy;
  T* dx;
  T* dscale;
  void Run(Extent extent) const;
};

// y = weight x + bias for one row x.
struct MatVec {
  const float* weight;  // [outputs, inputs]
  const float* bias;    // may be null
  const float* x;
  float* y;
  int64_t inputs;
  void Run(int64_t begin, int64_t end) const;  // outputs [begin, end)
};

// The outputs of a packed matrix that are computed together, side by side in memory.
inline constexpr int64_t kPanel = 32;

// int8 lies in pairs of inputs.
template <class Weight>
constexpr int64_t PackedInputs(int64_t inputs) {
  return sizeof(Weight) == 1 ? (inputs + 1) / 2 * 2 : inputs;
}

// Lays a matrix out for PackedProduct, with zeros for what panels have beyond it.
template <class Weight>
struct Packing {
  const float* from;  // [outputs, inputs]
  int64_t outputs;
  int64_t inputs;
  Weight* to;
  float* scale;                                 // [panels, kPanel]: is written, if Weight is int8_t
  void Run(int64_t first, int64_t last) const;  // panels [first, last)
};

// y = x W^T + bias for rows x. The matrix lies in panels of kPanel outputs, and in a panel input by
// input: as float the outputs in order; as bfloat16 the pairs of outputs (j, j + 16); as int8,
// which is multiplied by its output's scale, those pairs of an input and of the next one.
template <class Weight>
struct PackedProduct {
  const Weight* weight;
  const float* scale;  // [panels, kPanel]; null unless Weight is int8_t
  const float* bias;   // [panels, kPanel]
  int64_t inputs;
  const float* x;
  int64_t x_stride;  // numbers from one row to the next
  int64_t rows;
  float* y;
  int64_t y_stride;
  void Run(int64_t first, int64_t last) const;  // panels [first, last)
};

// x = silu(x).
void Silu(int64_t count, float* x);

// y += factor * x.
void AddProduct(int64_t count, const float* factor, const float* x, float* y);

// y += x.
void AddTo(int64_t count, const float* x, float* y);

// Attention of the queries of one row to its keys: y = softmax(q k^T / sqrt(dim)) v. Query t sees
// the keys since[t] <= s <= seen[t].
struct RowAttention {
  int64_t heads;
  int64_t kv_heads;
  int64_t dim;           // numbers a head
  const float* q;        // [T, heads, dim]
  int64_t stride;        // numbers from one slot of k or v to the next
  const float* k;        // [S, kv_heads, dim]
  const float* v;        // [S, kv_heads, dim]
  const int64_t* since;  // [T]
  const int64_t* seen;   // [T]
  int64_t slots;         // S
  float* weight;         // [heads, S], left in disorder
  float* y;              // [T, heads, dim]
  void Run(int64_t queries) const;
};

}  // namespace tessera::kernels
