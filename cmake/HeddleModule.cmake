# SPDX-License-Identifier: MIT
# heddle_module(<name> [STATIC] [APART] [OWN_EXPORT] [NOT_IN_UMBRELLA]
#   PUBLIC_HEADERS <file>...    below include/: installed, each must compile alone
#   [SOURCES <file>...]         below src/; without any the module is an INTERFACE library
#   [DEPENDS_PUBLIC <target>...] [DEPENDS_PRIVATE <target>...]
#   [PC_PRIVATE <flag>...])     what a static link needs besides, for heddle.pc
#
# STATIC: whatever BUILD_SHARED_LIBS says. APART: not part of heddle::heddle. NOT_IN_UMBRELLA: part
# of heddle::heddle, but not of <heddle/heddle.hpp>. OWN_EXPORT: exported in heddle-<name>-targets,
# for what needs a package that most users do without; Install.cmake installs it. What needs such a
# package is STATIC, for that may be static itself, and must not be in a program twice.
#
# Declares the library heddle_<name>, alias and exported name heddle::<name>. Its include root is
# <module>/include and its private one <module>/src, so an upward #include does not compile.
# With HEDDLE_PRECOMPILE the standard headers that most sources include are compiled once for each
# module: two thirds of the time that a source takes are its headers.
# heddle_compile_options(<name> <option>...) adds options for the module and for all who link it.
# heddle_umbrella() then makes heddle::heddle and <heddle/heddle.hpp> out of all modules declared.
include(GNUInstallDirs)

function(heddle_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STATIC;APART;OWN_EXPORT;NOT_IN_UMBRELLA" ""
    "SOURCES;PUBLIC_HEADERS;DEPENDS_PUBLIC;DEPENDS_PRIVATE;PC_PRIVATE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "heddle_module(${name}): unknown argument '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  set(target heddle_${name})
  if(arg_SOURCES)
    set(reach PUBLIC)
    set(type)
    if(arg_STATIC)
      set(type STATIC)
    endif()
    add_library(${target} ${type} ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
      INSTALL_RPATH "$ORIGIN")
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE ${arg_DEPENDS_PRIVATE})
    heddle_private_flags(${target})
    heddle_precompile(${target})
  else()
    set(reach INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(heddle::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${reach} cxx_std_20)
  target_link_libraries(${target} ${reach} ${arg_DEPENDS_PUBLIC})
  target_sources(${target} ${reach} FILE_SET HEADERS
    BASE_DIRS "${CMAKE_CURRENT_SOURCE_DIR}/include" FILES ${arg_PUBLIC_HEADERS})
  if(arg_OWN_EXPORT)
    heddle_install_apart(${name} ${arg_DEPENDS_PUBLIC})
  elseif(HEDDLE_INSTALL)
    install(TARGETS ${target} EXPORT heddle-targets FILE_SET HEADERS)
  endif()

  if(arg_APART)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY HEDDLE_MODULES ${name})
  if("include/heddle/${name}.hpp" IN_LIST arg_PUBLIC_HEADERS AND NOT arg_NOT_IN_UMBRELLA)
    set_property(GLOBAL APPEND PROPERTY HEDDLE_UMBRELLA_HEADERS "heddle/${name}.hpp")
  endif()
  if(arg_SOURCES)
    set_property(GLOBAL APPEND PROPERTY HEDDLE_PC_LIBRARIES ${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY HEDDLE_PC_PRIVATE ${arg_PC_PRIVATE})
endfunction()

function(heddle_precompile target)
  if(HEDDLE_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <chrono> <functional>
      <memory> <mutex> <optional> <span> <stdexcept> <string> <system_error> <vector>)
  endif()
endfunction()

# Not installed if a package that it needs is part of the build: then there is none to be found.
function(heddle_install_apart name)
  if(NOT HEDDLE_INSTALL)
    return()
  endif()
  foreach(target IN LISTS ARGN)
    get_target_property(imported ${target} IMPORTED)
    if(NOT target MATCHES "^heddle::" AND NOT imported)
      message(STATUS "heddle::${name} is not installed: ${target} is part of this build")
      return()
    endif()
  endforeach()
  install(TARGETS heddle_${name} EXPORT heddle-${name}-targets FILE_SET HEADERS)
  set_property(GLOBAL APPEND PROPERTY HEDDLE_OWN_EXPORTS ${name})
endfunction()

function(heddle_compile_options name)
  get_target_property(type heddle_${name} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_compile_options(heddle_${name} INTERFACE ${ARGN})
  else()
    target_compile_options(heddle_${name} PUBLIC ${ARGN})
  endif()
endfunction()

function(heddle_umbrella)
  get_property(modules GLOBAL PROPERTY HEDDLE_MODULES)
  get_property(headers GLOBAL PROPERTY HEDDLE_UMBRELLA_HEADERS)
  set(root "${PROJECT_BINARY_DIR}/umbrella/include")
  string(CONCAT text "// SPDX-License-Identifier: MIT\n"
    "// Everything of heddle that was built, testing aside.\n"
    "#pragma once\n\n")
  foreach(header IN LISTS headers)
    string(APPEND text "#include <${header}>\n")
  endforeach()
  file(CONFIGURE OUTPUT "${root}/heddle/heddle.hpp" CONTENT "${text}" @ONLY)

  list(TRANSFORM modules PREPEND heddle:: OUTPUT_VARIABLE targets)
  add_library(heddle INTERFACE)
  add_library(heddle::heddle ALIAS heddle)
  target_link_libraries(heddle INTERFACE ${targets})
  target_sources(heddle INTERFACE FILE_SET HEADERS
    BASE_DIRS "${root}" FILES "${root}/heddle/heddle.hpp")
  if(HEDDLE_INSTALL)
    install(TARGETS heddle EXPORT heddle-targets FILE_SET HEADERS)
  endif()
endfunction()
