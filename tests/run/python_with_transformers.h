// The packages of Hugging Face that checkpoints and tokenizers are held against.
#pragma once

#include "tests/python.h"

namespace tessera {

inline std::string PythonWithTransformers() {
  return PythonWith("transformers", "transformers==5.24.0 tokenizers==0.23.3 safetensors numpy");
}

}  // namespace tessera
