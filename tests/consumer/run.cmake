# SPDX-License-Identifier: MIT
# cmake -D SOURCE=<heddle> -D BUILD=<heddle's build> -D WORK=<scratch> -D COMPILER=<c++>
#   -D BUILD_TYPE=<type> -D LIBDIR=<lib below a prefix> -D SHARED=<how BUILD was built>
#   -D CCACHE=<ccache or NOTFOUND> -D GTEST=<whether BUILD has heddle::gtest> -P run.cmake
#
# Uses heddle as its users do, and runs what they would get: (1) installed from BUILD, by
# find_package, where GoogleTest is and where it is not, and (2) by pkg-config; (3) by
# add_subdirectory, linked the other way (shared for static and the other way round), and (4) that
# one installed and found again; (5) by add_subdirectory, static, with link-time optimisation and
# without the parts that may be left out.
set(consumer "${CMAKE_CURRENT_LIST_DIR}")
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

function(step)
  list(JOIN ARGN " " line)
  message(STATUS "${line}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${line}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(build_and_run name)
  step(${CMAKE_COMMAND} -G Ninja -S "${consumer}" -B "${WORK}/${name}"
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} ${ARGN})
  step(${CMAKE_COMMAND} --build "${WORK}/${name}" --parallel 2)
  greet("${WORK}/${name}/hello")
  greet("${WORK}/${name}/names")
  greet("${WORK}/${name}/turns")
  greet("${WORK}/${name}/simulated")
  greet("${WORK}/${name}/refused")
  foreach(program IN ITEMS secure pages)
    if(EXISTS "${WORK}/${name}/${program}")
      greet("${WORK}/${name}/${program}")
    endif()
  endforeach()
  if(GTEST)
    step("${WORK}/${name}/fiber_test")
  endif()
endfunction()

function(greet program)
  step("${program}")
  if(NOT said STREQUAL "hello from a fiber: 42\n")
    message(FATAL_ERROR "${program} said: ${said}")
  endif()
endfunction()

set(launcher "")
if(CCACHE)
  set(launcher -DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE})
  set(ENV{CCACHE_BASEDIR} "${SOURCE}")
  set(ENV{CCACHE_NOHASHDIR} 1)
endif()
if(SHARED)
  set(other OFF)
else()
  set(other ON)
endif()

step(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${WORK}/prefix")
build_and_run(installed -DCMAKE_PREFIX_PATH=${WORK}/prefix)
if(GTEST)
  step(${CMAKE_COMMAND} -G Ninja -S "${consumer}" -B "${WORK}/without_gtest"
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON)
endif()

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  set(lib_dir "${WORK}/prefix/${LIBDIR}")
  set(ENV{PKG_CONFIG_PATH} "${lib_dir}/pkgconfig")
  step(${PKG_CONFIG} --cflags --libs heddle)
  separate_arguments(flags UNIX_COMMAND "${said}")
  foreach(program IN ITEMS hello names)
    step(${COMPILER} -std=c++20 "${consumer}/${program}.cpp" -o "${WORK}/${program}" ${flags}
      -Wl,-rpath,${lib_dir})
    greet("${WORK}/${program}")
  endforeach()
else()
  message(STATUS "pkg-config is not installed: heddle.pc was not tried")
endif()

# Nobody debugs the two libraries that are built here, and the first need not be fast: what is
# compiled against it once it is installed has its usual options.
string(TOUPPER "${BUILD_TYPE}" type)
build_and_run(subdirectory -DHEDDLE_SOURCE_DIR=${SOURCE} -DBUILD_SHARED_LIBS=${other}
  -DHEDDLE_INSTALL=ON -DHEDDLE_PRECOMPILE=ON "-DCMAKE_CXX_FLAGS_${type}=-O0 -DNDEBUG" ${launcher})
step(${CMAKE_COMMAND} --install "${WORK}/subdirectory" --prefix "${WORK}/other_prefix")
build_and_run(installed_other -DCMAKE_PREFIX_PATH=${WORK}/other_prefix)
build_and_run(optimised -DHEDDLE_SOURCE_DIR=${SOURCE} -DBUILD_SHARED_LIBS=OFF
  -DHEDDLE_WITH_HTTP=OFF -DHEDDLE_WITH_TLS=OFF -DHEDDLE_PRECOMPILE=ON
  -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON "-DCMAKE_CXX_FLAGS_${type}=-O2 -DNDEBUG" ${launcher})
