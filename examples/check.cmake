# SPDX-License-Identifier: MIT
# cmake -D PROGRAM=<executable> -D SAID=<regular expression> [-D GIVEN=<argument>] [-D STATUS=<n>]
#   -P check.cmake
# Runs a program, which must end with the status, 0 if not given, and print what SAID matches: on
# its output, or, if the status is another, on its error output.
if(NOT DEFINED STATUS)
  set(STATUS 0)
endif()
execute_process(COMMAND ${PROGRAM} ${GIVEN}
  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE complained)
message("${said}${complained}")
if(NOT STATUS EQUAL 0)
  set(said "${complained}")
endif()
if(NOT status EQUAL STATUS OR NOT said MATCHES "${SAID}")
  message(FATAL_ERROR
    "${PROGRAM} ended with ${status}; it was to end with ${STATUS} and print: ${SAID}")
endif()
