// Which optimizer a parameter of the model is for, told by its name.
#pragma once

#include <string>

namespace tessera {

// What a parameter does decides who updates it. Only kHidden goes to Muon; only matrices that are
// no embedding decay. Vectors (biases, norms) never do, whatever their role.
enum class ParameterRole {
  kHidden,     // a matrix from activations to activations
  kOutput,     // the matrix of an output layer, an input layer or an AdaLN modulation
  kEmbedding,  // a table whose rows are looked up
  kAdapterA,   // the factors of a change of low rank. Muon would turn each alone, though only
  kAdapterB,   // their product means something
};

// How the names of an adapter's matrices end.
inline constexpr char kAdapterA[] = ".lora_A.weight";
inline constexpr char kAdapterB[] = ".lora_B.weight";

ParameterRole RoleOf(const std::string& name);

}  // namespace tessera
