# SPDX-License-Identifier: MIT
# heddle_private_flags(<target>): how heddle's own code is compiled. Nothing here reaches a user.
function(heddle_private_flags target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
    -fno-omit-frame-pointer)  # the watchdog and profilers walk fiber stacks
  if(HEDDLE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
