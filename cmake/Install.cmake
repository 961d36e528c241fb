# What `cmake --install` gives to other C++ programs: find_package(Tessera) and the target Tessera::tessera. Headers keep the
# folders in which they include each other.
set_target_properties(tessera_plain PROPERTIES EXPORT_NAME plain)
set_target_properties(tessera_torch PROPERTIES EXPORT_NAME tessera)
install(TARGETS tessera_plain tessera_torch tessera_warnings EXPORT TesseraTargets)
if(TARGET tessera_arrow)
  install(TARGETS tessera_arrow EXPORT TesseraTargets)
endif()
set(rooms ${plain} ${with_torch})
list(TRANSFORM rooms REPLACE "^${PROJECT_SOURCE_DIR}/([^/]+)/.*" "\\1")
list(REMOVE_DUPLICATES rooms)
foreach(room IN LISTS rooms)
  install(DIRECTORY ${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tessera FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/tessera)

include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Tessera)
configure_package_config_file(cmake/TesseraConfig.cmake.in TesseraConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(TesseraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TesseraConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TesseraConfigVersion.cmake
              cmake/LibTorch.cmake DESTINATION ${package})
install(EXPORT TesseraTargets NAMESPACE Tessera:: DESTINATION ${package})

# Shells look for completions in these folders.
if(TARGET tessera)
  foreach(shell bash zsh)
    install(CODE "execute_process(COMMAND $<TARGET_FILE:tessera> completion ${shell}
                    OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/completion.${shell} COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion.bash RENAME tessera
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion.zsh RENAME _tessera
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()
