# SPDX-License-Identifier: MIT
# What the library itself needs: Boost.Context, oneTBB, threads, c-ares, and OpenSSL and zlib unless
# TLS and HTTP are left out. Tests and benchmarks ask for theirs where they are built, through the
# same function.
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

# Debian's c-ares has no CMake package of its own.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/modules")
heddle_require("c-ares" "libc-ares-dev" c-ares)

option(HEDDLE_WITH_TLS "Build heddle::tls, which needs OpenSSL 3" ON)
option(HEDDLE_WITH_HTTP "Build heddle::http, which needs heddle::tls and zlib" ON)
if(HEDDLE_WITH_HTTP AND NOT HEDDLE_WITH_TLS)
  message(FATAL_ERROR "HEDDLE_WITH_HTTP needs HEDDLE_WITH_TLS; set both or neither.")
endif()
if(HEDDLE_WITH_TLS)
  heddle_require("OpenSSL >= 3" "libssl-dev" OpenSSL 3)
endif()
if(HEDDLE_WITH_HTTP)
  heddle_require("zlib" "zlib1g-dev" ZLIB)
endif()

# heddle::gtest is built where GoogleTest is.
option(HEDDLE_WITH_GTEST "Build heddle::gtest if GoogleTest is found" ON)
set(HEDDLE_GTEST_VERSION 1.12)
if(HEDDLE_WITH_GTEST AND NOT TARGET GTest::gtest)
  find_package(GTest ${HEDDLE_GTEST_VERSION} CONFIG QUIET)
endif()
