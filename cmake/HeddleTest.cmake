# SPDX-License-Identifier: MIT
# heddle_test_suite(<module>
#   SOURCES <part/stem_test.cpp>...   GoogleTest files, with a main() of GoogleTest's
#   LIBS <target>...
#   [WHITE_BOX <module>...]           modules whose private src/ the tests may include from
#   [TIMEOUT <seconds>])              of one case; 60 if not given
# HEDDLE_TEST_OPTIONS: compiler options of the tests' own sources, by which presets save the time to
# compile what is run once. Not of stress programs: what they do, they do often.
# What nearly every test includes is compiled once, for all of them, and once for stress programs
# (CMAKE_DISABLE_PRECOMPILE_HEADERS has each file stand alone).
# One executable a module (linking is what costs), one ctest entry a case: <module>.<suite>.<case>.
# It counts for two processors: a case has two loops as a rule, and some look at a clock. So on two
# cores nothing runs beside it, while what only computes (models, style, consumer) runs in pairs.
#
# heddle_stress(<name> SOURCES ... LIBS ... [WHITE_BOX ...] [ARGS ...] [TIMEOUT <seconds>])
# A program of its own whose exit status says whether it passed: ctest entry stress.<name>, label
# stress. ARGS are those of the short run that belongs to every test run; scripts/soak gives more.
include(GoogleTest)

# What the tests of all modules are compiled with.
function(heddle_test_flags target)
  # For tests that read a page of docs/: __FILE__ may be relative, and to another folder.
  target_compile_definitions(${target} PRIVATE HEDDLE_TEST_TREE="${PROJECT_SOURCE_DIR}")
  heddle_private_flags(${target})
endfunction()

function(heddle_test_program target sources libs white_box)
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${libs})
  foreach(module IN LISTS white_box)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/${module}/src")
  endforeach()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  heddle_test_flags(${target})
endfunction()

# Compiled with HEDDLE_TEST_OPTIONS.
function(heddle_test_executable target sources libs white_box)
  heddle_test_program(${target} "${sources}" "${libs}" "${white_box}")
  target_compile_options(${target} PRIVATE ${HEDDLE_TEST_OPTIONS})
  target_precompile_headers(${target} REUSE_FROM heddle_test_headers)
endfunction()

function(heddle_test_suite module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS;WHITE_BOX")
  if(NOT arg_SOURCES)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(target heddle_${module}_tests)
  heddle_test_executable(${target} "${arg_SOURCES}" "${arg_LIBS};GTest::gmock;GTest::gtest_main"
    "${arg_WHITE_BOX}")
  gtest_discover_tests(${target} TEST_PREFIX ${module}. DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${module} PROCESSORS 2)
endfunction()

function(heddle_stress name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS;WHITE_BOX;ARGS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set(target heddle_stress_${name})
  heddle_test_program(${target} "${arg_SOURCES}" "${arg_LIBS}" "${arg_WHITE_BOX}")
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/stress" OUTPUT_NAME ${name})
  target_precompile_headers(${target} REUSE_FROM heddle_stress_headers)
  add_test(NAME stress.${name} COMMAND ${target} ${arg_ARGS})
  set_tests_properties(stress.${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS stress PROCESSORS 2)
endfunction()
