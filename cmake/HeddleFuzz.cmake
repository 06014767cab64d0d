# SPDX-License-Identifier: MIT
# heddle_fuzz(<name>
#   SOURCES <file>...          driver.cpp, and one with LLVMFuzzerTestOneInput()
#   LIBS <target>...
#   [WHITE_BOX <module>...]    modules whose private src/ they may include from
#   [INSTRUMENTED <file>...])  of the library: compiled into the program, so that libFuzzer sees
#                              which branches an input takes
# A program that is given random inputs, made of those in corpus/<name>: ctest entry fuzz.<name> for
# some seconds, scripts/soak for long. With clang libFuzzer chooses them; with g++ they are
# mutations without knowledge of the code. Both print the seed.
set(HEDDLE_FUZZ_SECONDS 4 CACHE STRING "How long a fuzz program runs in a test run")

# What libFuzzer needs, or nothing where the compiler does not have it.
set(heddle_libfuzzer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT HEDDLE_SANITIZE MATCHES "thread")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-resource-dir
    OUTPUT_VARIABLE heddle_clang_folder OUTPUT_STRIP_TRAILING_WHITESPACE)
  find_library(heddle_libfuzzer_found clang_rt.fuzzer_no_main-${CMAKE_SYSTEM_PROCESSOR}
    PATHS "${heddle_clang_folder}/lib/linux" NO_DEFAULT_PATH)
  if(heddle_libfuzzer_found)
    set(heddle_libfuzzer ${heddle_libfuzzer_found})
  endif()
endif()

function(heddle_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;WHITE_BOX;INSTRUMENTED")
  set(target heddle_fuzz_${name})
  set(sources ${arg_SOURCES})
  if(heddle_libfuzzer)
    list(APPEND sources ${arg_INSTRUMENTED})
  endif()
  heddle_test_program(${target} "${sources}" "${arg_LIBS}" "${arg_WHITE_BOX}")
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz" OUTPUT_NAME ${name})
  target_compile_definitions(${target} PRIVATE
    HEDDLE_FUZZ_CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  if(heddle_libfuzzer)
    target_compile_definitions(${target} PRIVATE HEDDLE_FUZZ_BY_LIBFUZZER)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_libraries(${target} PRIVATE ${heddle_libfuzzer})
  endif()
  add_test(NAME fuzz.${name} COMMAND ${target} --seconds ${HEDDLE_FUZZ_SECONDS})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
endfunction()
