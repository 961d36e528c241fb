# Finds LibTorch: -DTorch_DIR=..., else PyTorch in .venv, else the python3 on the path. Gives the target
# tessera_libtorch, TESSERA_TORCH_ROOT and TESSERA_TORCH_VERSION, also to who uses an installed copy. A CUDA build of
# PyTorch is linked by its libraries alone: its own CMake files would demand a CUDA toolkit, and nothing here compiles
# CUDA code.
if(NOT Torch_DIR)
  foreach(python ${PROJECT_SOURCE_DIR}/.venv/bin/python python3)
    execute_process(COMMAND ${python} -c "import torch; print(torch.utils.cmake_prefix_path)"
                    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(prefix)
      set(Torch_DIR ${prefix}/Torch)
      break()
    endif()
  endforeach()
endif()
if(NOT EXISTS ${Torch_DIR}/TorchConfig.cmake)
  message(FATAL_ERROR "LibTorch not found: run scripts/setup.sh, or name it with -DTorch_DIR=.../share/cmake/Torch")
endif()

get_filename_component(torch_root ${Torch_DIR}/../../.. ABSOLUTE)
set(torch_libraries torch torch_cpu c10)
if(EXISTS ${torch_root}/lib/libtorch_cuda.so)
  list(APPEND torch_libraries torch_cuda c10_cuda)
endif()

file(STRINGS ${Torch_DIR}/TorchConfigVersion.cmake version REGEX "^set\\(PACKAGE_VERSION \"")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" TESSERA_TORCH_VERSION "${version}")
set(TESSERA_TORCH_ROOT ${torch_root})

# An imported target is named, and not described, in what is installed.
if(NOT TARGET tessera_libtorch)
  add_library(tessera_libtorch INTERFACE IMPORTED GLOBAL)
endif()
target_include_directories(tessera_libtorch SYSTEM INTERFACE
  ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
foreach(name IN LISTS torch_libraries)
  find_library(torch_path_${name} ${name} PATHS ${torch_root}/lib NO_DEFAULT_PATH REQUIRED)
  # No --as-needed: kernels register themselves when their library is loaded, whoever calls it.
  target_link_libraries(tessera_libtorch INTERFACE -Wl,--no-as-needed ${torch_path_${name}} -Wl,--as-needed)
endforeach()
find_package(Threads REQUIRED)
target_link_libraries(tessera_libtorch INTERFACE Threads::Threads)
message(STATUS "LibTorch: ${torch_root}")
