# SPDX-License-Identifier: MIT
# What the library itself needs: Boost.Context, oneTBB, threads. Tests and benchmarks ask for theirs
# where they are built, through the same function.
set(HEDDLE_BOOST_VERSION 1.81)

# heddle_require(<what> <debian packages> <arguments of find_package>...)
# As find_package(... REQUIRED), but a miss names the Debian packages that mend it.
macro(heddle_require what debian)
  find_package(${ARGN} QUIET)
  if(NOT ${ARGV2}_FOUND)
    message(FATAL_ERROR "heddle needs ${what}, which was not found.\n"
      "On Debian 12: apt-get install ${debian} (or run scripts/setup).")
  endif()
endmacro()

heddle_require("Boost.Context >= ${HEDDLE_BOOST_VERSION}"
  "libboost-context1.81-dev libboost1.81-dev"
  Boost ${HEDDLE_BOOST_VERSION} CONFIG COMPONENTS context)
heddle_require("oneTBB" "libtbb-dev" TBB CONFIG)
set(THREADS_PREFER_PTHREAD_FLAG ON)
heddle_require("a threads library" "libc6-dev" Threads)

# heddle::gtest is built where GoogleTest is.
option(HEDDLE_WITH_GTEST "Build heddle::gtest if GoogleTest is found" ON)
set(HEDDLE_GTEST_VERSION 1.12)
if(HEDDLE_WITH_GTEST AND NOT TARGET GTest::gtest)
  find_package(GTest ${HEDDLE_GTEST_VERSION} CONFIG QUIET)
endif()
