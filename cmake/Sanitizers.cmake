# SPDX-License-Identifier: MIT
# HEDDLE_SANITIZE and HEDDLE_COVERAGE: instrument everything built from here on, tests included.
if(HEDDLE_SANITIZE)
  if(NOT HEDDLE_SANITIZE MATCHES "^(address|undefined|address,undefined|thread)$")
    message(FATAL_ERROR "HEDDLE_SANITIZE is '${HEDDLE_SANITIZE}'; "
      "use address, undefined, 'address,undefined' or thread.")
  endif()
  if(HEDDLE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "Use clang++ for the thread sanitizer: "
      "g++'s runtime stops at 8,128 fibers. The preset 'tsan' does.")
  endif()
  set(heddle_instrument -fsanitize=${HEDDLE_SANITIZE})
  if(HEDDLE_SANITIZE MATCHES "undefined")
    list(APPEND heddle_instrument -fno-sanitize-recover=undefined)
    # The check of virtual calls opens a pipe to test memory, and reports a fault where the
    # descriptor table is full, which tests bring about on purpose.
    list(APPEND heddle_instrument -fno-sanitize=vptr)
  endif()
  add_compile_options(${heddle_instrument})
  add_link_options(${heddle_instrument})
endif()
if(HEDDLE_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_compile_definitions(HEDDLE_COVERAGE)
  add_link_options(--coverage)
endif()

# heddle_not_thread_sanitized(<source>...): sources of the calling directory that are full of
# oneTBB's templates, whose library, as Debian has it, is not instrumented: the sanitizer would see
# one half of how it hands work over, and call that a race.
function(heddle_not_thread_sanitized)
  if(HEDDLE_SANITIZE STREQUAL "thread")
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=thread)
    set_property(SOURCE ${ARGN} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()
