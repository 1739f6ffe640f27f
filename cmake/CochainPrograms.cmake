# Programs and tests: what stands outside the floors.

# cochain_tests(<name> DIR <folder> LIBS <library>...)
#
# One GoogleTest program from <folder>/*.cpp. A folder without sources is skipped. The tests are
# listed when ctest runs, so that building needs no run of the program.
function(cochain_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "LIBS")
  file(GLOB sources CONFIGURE_DEPENDS "${arg_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE cochain_test_support ${arg_LIBS})
  cochain_own(${name})
  add_dependencies(cochain_tests_all ${name})
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 60 LABELS ${name})
endfunction()

# cochain_programs(<prefix> DIR <folder> LIBS <library>...)
#
# One program bin/<prefix>_<stem> from each <folder>/<stem>.cpp. Where <folder>/<stem>.expected
# exists, a test runs the program offline and compares what it printed.
function(cochain_programs prefix)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "LIBS")
  file(GLOB sources CONFIGURE_DEPENDS "${arg_DIR}/*.cpp")
  file(GLOB expectations CONFIGURE_DEPENDS "${arg_DIR}/*.expected")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM stem)
    set(target ${prefix}_${stem})
    add_executable(${target} "${source}")
    target_link_libraries(${target} PRIVATE ${arg_LIBS})
    cochain_own(${target})

    set(expected "${arg_DIR}/${stem}.expected")
    if(COCHAIN_BUILD_TESTS AND expected IN_LIST expectations)
      add_test(
        NAME ${prefix}.${stem}
        COMMAND "${CMAKE_COMMAND}" "-DPROGRAM=$<TARGET_FILE:${target}>" "-DEXPECTED=${expected}"
                -P "${PROJECT_SOURCE_DIR}/cmake/CompareOutput.cmake"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
      set_tests_properties(
        ${prefix}.${stem} PROPERTIES TIMEOUT 60 LABELS ${prefix} ENVIRONMENT_MODIFICATION
                                     "OPENAI_API_KEY=unset:;OPENAI_BASE_URL=unset:")
    endif()
  endforeach()
endfunction()
