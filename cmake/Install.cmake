# SPDX-License-Identifier: MIT
# The CMake package (find_package(heddle CONFIG)) and heddle.pc. The modules install themselves.
include(CMakePackageConfigHelpers)
set(heddle_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/heddle")

configure_package_config_file(cmake/heddle-config.cmake.in
  "${PROJECT_BINARY_DIR}/heddle-config.cmake" INSTALL_DESTINATION "${heddle_cmake_dir}")
# Before 1.0 a minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/heddle-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(EXPORT heddle-targets NAMESPACE heddle:: DESTINATION "${heddle_cmake_dir}")
get_property(own_exports GLOBAL PROPERTY HEDDLE_OWN_EXPORTS)
foreach(name IN LISTS own_exports)
  install(EXPORT heddle-${name}-targets NAMESPACE heddle:: DESTINATION "${heddle_cmake_dir}")
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/heddle-config.cmake"
  "${PROJECT_BINARY_DIR}/heddle-config-version.cmake" "cmake/modules/Findc-ares.cmake"
  DESTINATION "${heddle_cmake_dir}")

# A linker reads static libraries from left to right: users first, what they use after.
get_property(libraries GLOBAL PROPERTY HEDDLE_PC_LIBRARIES)
get_property(private_flags GLOBAL PROPERTY HEDDLE_PC_PRIVATE)
list(REVERSE libraries)
list(TRANSFORM libraries PREPEND -l)
list(JOIN libraries " " HEDDLE_PC_LIBS)
list(REMOVE_DUPLICATES private_flags)
list(JOIN private_flags " " HEDDLE_PC_LIBS_PRIVATE)
if(NOT BUILD_SHARED_LIBS)
  string(APPEND HEDDLE_PC_LIBS " ${HEDDLE_PC_LIBS_PRIVATE}")
endif()
# The prefix is written relative to the .pc file, so that an install tree can be moved.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
  OUTPUT_VARIABLE pc_dir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pc_dir}/pkgconfig"
  OUTPUT_VARIABLE HEDDLE_PC_PREFIX)
foreach(dir IN ITEMS INCLUDEDIR LIBDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(HEDDLE_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(HEDDLE_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
configure_file(cmake/heddle.pc.in "${PROJECT_BINARY_DIR}/heddle.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/heddle.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
