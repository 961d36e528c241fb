// The packages of Hugging Face that checkpoints and tokenizers are held against.
#pragma once

#include "tests/python.h"

namespace tessera {

inline std::string PythonWithTransformers() {
  return PythonWith("transformers", "transformers==5.24.0 tokenizers==0.23.3 safetensors numpy");
}

inline std::string PythonWithPeft() {
  return PythonWith("peft", "transformers==5.24.0 tokenizers==0.23.3 safetensors numpy psutil",
                    "peft==0.21.2 accelerate==1.15.0");
}

}  // namespace tessera
