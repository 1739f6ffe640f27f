# For whoever builds against cochain, installed or by add_subdirectory: a note about g++ before
# 12.3, and the lint that finds what that compiler gets wrong.

# Says once in a configure run what to know. -DCOCHAIN_COMPILER_NOTE=OFF keeps it quiet.
function(cochain_compiler_note)
  get_property(said GLOBAL PROPERTY COCHAIN_COMPILER_NOTE_SAID)
  if(said
     OR (DEFINED COCHAIN_COMPILER_NOTE AND NOT COCHAIN_COMPILER_NOTE)
     OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
     OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.3)
    return()
  endif()
  set_property(GLOBAL PROPERTY COCHAIN_COMPILER_NOTE_SAID TRUE)
  get_property(page GLOBAL PROPERTY COCHAIN_COMPILERS_PAGE)
  message(
    STATUS
      "cochain: g++ ${CMAKE_CXX_COMPILER_VERSION} compiles some everyday forms of coroutine code "
      "wrongly, without a word. ${page} shows them; cochain_lint(<target>) adds a target "
      "cochain_lint_<target> that finds them. -DCOCHAIN_COMPILER_NOTE=OFF: do not say this again.")
endfunction()

# cochain_lint(<target> [<file>...])
#
# Adds the target cochain_lint_<target>, which reads the C++ sources of <target> and the files named
# here, and fails if one has a form that docs/compilers.md lists. Needs Python 3.
function(cochain_lint target)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  get_property(script GLOBAL PROPERTY COCHAIN_CORO_LINT)
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(sources ${target} SOURCES)
  set(files "")
  foreach(source IN LISTS sources ARGN)
    if(source MATCHES "\\.(cpp|cc|cxx|hpp|hh|hxx|h|ipp)$" AND NOT source MATCHES "\\$<")
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${folder}" NORMALIZE)
      list(APPEND files "${source}")
    endif()
  endforeach()
  add_custom_target(
    cochain_lint_${target}
    COMMAND "${Python3_EXECUTABLE}" "${script}" ${files}
    COMMENT "Looking for coroutine forms that g++ 12.2 compiles wrongly in ${target}"
    VERBATIM)
endfunction()
