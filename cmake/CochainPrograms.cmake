# Programs and tests: what stands outside the floors.

# cochain_tests(<name> DIR <folder> LIBS <library>... [HEADERS <header>...] [OPTIMISED <file>...])
#
# One GoogleTest program from <folder>/*.cpp. A folder without sources is skipped. The tests are
# listed when ctest runs, so that building needs no run of the program.
#
# Building the tests takes longer than building what they test, so they are built for that: without
# optimisation, whatever the preset, and with HEADERS, which most of them include, compiled once.
# The sources named by OPTIMISED are built as a user's program is: what they test are coroutines of
# their own, or templates that the optimiser turns inside out.
#
# COCHAIN_TESTS_NAMED is a pattern: sources that have tests, but none so named, are left out.
function(cochain_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "LIBS;HEADERS;OPTIMISED")
  file(GLOB sources CONFIGURE_DEPENDS "${arg_DIR}/*.cpp")
  cochain_keep_tests_named(sources)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE cochain_test_support ${arg_LIBS})
  cochain_own(${name})
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> ${arg_HEADERS})
  list(TRANSFORM arg_OPTIMISED PREPEND "${arg_DIR}/")
  set_source_files_properties(${arg_OPTIMISED} PROPERTIES COMPILE_OPTIONS -O2
                                                          SKIP_PRECOMPILE_HEADERS ON)
  add_dependencies(cochain_tests_all ${name})
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 180 LABELS ${name})
endfunction()

# Removes from the list <variable> the sources whose tests COCHAIN_TESTS_NAMED does not name.
function(cochain_keep_tests_named variable)
  set(kept "")
  foreach(source IN LISTS ${variable})
    file(READ "${source}" text)
    if(NOT COCHAIN_TESTS_NAMED
       OR NOT text MATCHES "TEST(_F|_P|_REAL_TIME)?\\("
       OR text MATCHES "TEST(_F|_P|_REAL_TIME)?\\([^)]*(${COCHAIN_TESTS_NAMED})")
      list(APPEND kept "${source}")
    endif()
  endforeach()
  set(${variable}
      "${kept}"
      PARENT_SCOPE)
endfunction()

# cochain_programs(<prefix> DIR <folder> LIBS <library>... [HEADERS <header>...])
#
# One program bin/<prefix>_<stem> from each <folder>/<stem>.cpp. HEADERS, which all of them include,
# are compiled once. Where <folder>/<stem>.expected
# exists, a test runs the program offline and compares what it printed.
function(cochain_programs prefix)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "LIBS;HEADERS")
  set(first "")
  file(GLOB sources CONFIGURE_DEPENDS "${arg_DIR}/*.cpp")
  file(GLOB expectations CONFIGURE_DEPENDS "${arg_DIR}/*.expected")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM stem)
    set(target ${prefix}_${stem})
    add_executable(${target} "${source}")
    target_link_libraries(${target} PRIVATE ${arg_LIBS})
    cochain_own(${target})
    if(arg_HEADERS AND first)
      target_precompile_headers(${target} REUSE_FROM ${first})
    elseif(arg_HEADERS)
      target_precompile_headers(${target} PRIVATE ${arg_HEADERS})
      set(first ${target})
    endif()

    set(expected "${arg_DIR}/${stem}.expected")
    if(COCHAIN_BUILD_TESTS AND expected IN_LIST expectations)
      add_test(
        NAME ${prefix}.${stem}
        COMMAND "${CMAKE_COMMAND}" "-DPROGRAM=$<TARGET_FILE:${target}>" "-DEXPECTED=${expected}"
                -P "${PROJECT_SOURCE_DIR}/cmake/CompareOutput.cmake"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
      set_tests_properties(
        ${prefix}.${stem} PROPERTIES TIMEOUT 180 LABELS ${prefix} ENVIRONMENT_MODIFICATION
                                     "OPENAI_API_KEY=unset:;OPENAI_BASE_URL=unset:")
    endif()
  endforeach()
endfunction()
