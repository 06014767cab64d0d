# SPDX-License-Identifier: MIT
# Uses ccache when it is installed. Paths below the source tree are made relative and the build
# directory is left out of the key, so presets and clones with equal flags share their objects.
# Precompiled headers need to be told about: ccache looks at their contents, not at their times.
find_program(HEDDLE_CCACHE ccache)
mark_as_advanced(HEDDLE_CCACHE)
if(HEDDLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT HEDDLE_COVERAGE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
    "CCACHE_NOHASHDIR=1" "CCACHE_SLOPPINESS=pch_defines,time_macros" "${HEDDLE_CCACHE}")
endif()
