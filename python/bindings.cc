// What Python sees of C++: torch.classes.tessera, registered when the library is loaded. It needs
// no header of Python, so one library serves every Python. python/tessera/ describes and documents
// it.
#include <torch/library.h>

#include "python/generation.h"
#include "python/native_run.h"

namespace tessera {

TORCH_LIBRARY(tessera, library) {
  library.class_<NativeRun>("Run")
      .def(torch::init<std::string, std::string>())
      .def("config", &NativeRun::Config)
      .def("grids", &NativeRun::Grids)
      .def("read_picture", &NativeRun::ReadPicture)
      .def("encode", &NativeRun::Encode)
      .def("decode", &NativeRun::Decode)
      .def("parameters", &NativeRun::NamedParameters)
      .def("score", &NativeRun::Score)
      .def("hidden_states", &NativeRun::States);
  library.class_<Generation>("Generation")
      .def(torch::init<c10::intrusive_ptr<NativeRun>, std::vector<std::string>>())
      .def("add", &Generation::Add)
      .def("step", &Generation::Step)
      .def("idle", &Generation::Idle)
      .def("take", &Generation::Take)
      .def("cancel", &Generation::Cancel);
}

}  // namespace tessera
