# SPDX-License-Identifier: MIT
# heddle_module(<name>
#   PUBLIC_HEADERS <file>...    below include/: installed, each must compile alone
#   [SOURCES <file>...]         below src/; without any the module is an INTERFACE library
#   [DEPENDS_PUBLIC <target>...] [DEPENDS_PRIVATE <target>...]
#   [PC_PRIVATE <flag>...])     what a static link needs besides, for heddle.pc
#
# Declares the library heddle_<name>, alias and exported name heddle::<name>. Its include root is
# <module>/include and its private one <module>/src, so an upward #include does not compile.
# heddle_compile_options(<name> <option>...) adds options for the module and for all who link it.
# heddle_umbrella() then makes heddle::heddle and <heddle/heddle.hpp> out of all modules declared.
include(GNUInstallDirs)

function(heddle_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
    "SOURCES;PUBLIC_HEADERS;DEPENDS_PUBLIC;DEPENDS_PRIVATE;PC_PRIVATE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "heddle_module(${name}): unknown argument '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  set(target heddle_${name})
  if(arg_SOURCES)
    set(reach PUBLIC)
    add_library(${target} ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
      INSTALL_RPATH "$ORIGIN")
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE ${arg_DEPENDS_PRIVATE})
    heddle_private_flags(${target})
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
  if(HEDDLE_INSTALL)
    install(TARGETS ${target} EXPORT heddle-targets FILE_SET HEADERS)
  endif()

  set_property(GLOBAL APPEND PROPERTY HEDDLE_MODULES ${name})
  if("include/heddle/${name}.hpp" IN_LIST arg_PUBLIC_HEADERS)
    set_property(GLOBAL APPEND PROPERTY HEDDLE_UMBRELLA_HEADERS "heddle/${name}.hpp")
  endif()
  if(arg_SOURCES)
    set_property(GLOBAL APPEND PROPERTY HEDDLE_PC_LIBRARIES ${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY HEDDLE_PC_PRIVATE ${arg_PC_PRIVATE})
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
