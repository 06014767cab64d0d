# SPDX-License-Identifier: MIT
# cmake -D PROGRAM=<executable> -D SAID=<regular expression> -P check.cmake
# Runs a program, which must end with status 0 and print what SAID matches.
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE status OUTPUT_VARIABLE said)
message("${said}")
if(NOT status EQUAL 0 OR NOT said MATCHES "${SAID}")
  message(FATAL_ERROR "${PROGRAM} ended with ${status}; it was to print: ${SAID}")
endif()
