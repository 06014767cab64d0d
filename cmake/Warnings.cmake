# SPDX-License-Identifier: MIT
# heddle_private_flags(<target>): how heddle's own code is compiled. Nothing here reaches a user.
function(heddle_private_flags target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
    -fno-omit-frame-pointer)  # the watchdog and profilers walk fiber stacks
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # With -O3, g++ 12 warns of std::string's operator+ and of an empty std::optional.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-maybe-uninitialized)
    if(HEDDLE_PRECOMPILE)
      # It forgets that what was precompiled is the system's.
      target_compile_options(${target} PRIVATE
        -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
    endif()
  endif()
  if(HEDDLE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
