// How large a network becomes, counted from its config alone. Nothing is allocated, and no size is
// too large, since all is counted in double.
#pragma once

#include <cstdint>

namespace tessera {

struct NetworkSize {
  double hidden = 0;  // numbers of hidden matrices (ops/parameter_role.h)
  double other = 0;   // other trained numbers
  double kept = 0;    // numbers that one row keeps for the backward pass
};

struct LinearSize {
  double matrix, bias;
  LinearSize(double inputs, double outputs) : matrix(inputs * outputs), bias(outputs) {}
  double all() const { return matrix + bias; }
};

inline double Number(int64_t value) { return static_cast<double>(value); }

}  // namespace tessera
