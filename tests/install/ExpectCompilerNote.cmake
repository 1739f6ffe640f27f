# A project of a user hears once of what its compiler gets wrong, if it is g++ before 12.3, and not
# when it does not want to hear it.
function(configure out)
  execute_process(
    COMMAND
      "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}" -G "${GENERATOR}"
      "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${STAGE}" ${ARGN}
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said
    RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${said}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(${out} "${said}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${BUILD}")  # an earlier run's options would be remembered
set(expected 0)
if(COMPILER_ID STREQUAL "GNU" AND COMPILER_VERSION VERSION_LESS 12.3)
  set(expected 1)
endif()
configure(said)
string(REGEX MATCHALL "doc/cochain/compilers.md shows them" notes "${said}")
list(LENGTH notes count)
if(NOT count EQUAL expected)
  message(FATAL_ERROR "the note was said ${count} times, not ${expected}:\n${said}")
endif()
if(count AND NOT EXISTS "${STAGE}/share/doc/cochain/compilers.md")
  message(FATAL_ERROR "the page that the note names is not installed")
endif()
configure(said -DCOCHAIN_COMPILER_NOTE=OFF)
if(said MATCHES "compilers.md")
  message(FATAL_ERROR "the note was to be silent:\n${said}")
endif()
