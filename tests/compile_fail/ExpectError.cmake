# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDES=a|b [-DEXPECT=builds] -P ExpectError.cmake
# Compiles SOURCE. Fails unless the compiler refuses it and says, in the first lines up to and with
# its first error, the words of every line `// says: <words>` of SOURCE. In those lines `std::string`
# is the class behind it, whichever way the compiler writes it.
# A SOURCE without such lines must compile; so must every SOURCE with -DEXPECT=builds.
set(include_options "")
string(REPLACE "|" ";" INCLUDES "${INCLUDES}")
foreach(folder IN LISTS INCLUDES)
  list(APPEND include_options "-I${folder}")
endforeach()
set(ENV{LC_ALL} C)
execute_process(
  COMMAND "${COMPILER}" -std=c++20 -fsyntax-only -fdiagnostics-color=never ${include_options}
          "${SOURCE}"
  OUTPUT_VARIABLE said
  ERROR_VARIABLE said
  RESULT_VARIABLE status)

file(STRINGS "${SOURCE}" expectations REGEX "^// says: ")
if(NOT expectations OR "${EXPECT}" STREQUAL "builds")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile, but:\n${said}")
  endif()
  return()
endif()
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} must not compile, but does")
endif()

# What a person reads first. g++ tells the types in the line before the error, clang in it.
string(FIND "${said}" "error: " error_begin)
string(SUBSTRING "${said}" ${error_begin} -1 rest)
string(FIND "${rest}" "\n" error_length)
math(EXPR end "${error_begin} + ${error_length}")
string(SUBSTRING "${said}" 0 ${end} head)

# One spelling for both compilers.
string(REGEX REPLACE "‘|’" "'" head "${head}")
string(REPLACE "std::__cxx11::" "std::" head "${head}")
string(REPLACE "std::basic_string<char, std::char_traits<char>, std::allocator<char>>"
               "std::string" head "${head}")
string(REPLACE "std::basic_string<char>" "std::string" head "${head}")
string(REPLACE "cochain::" "" head "${head}")

foreach(line IN LISTS expectations)
  string(REPLACE "// says: " "" words "${line}")
  string(FIND "${head}" "${words}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "the first error does not say \"${words}\" but:\n${head}")
  endif()
endforeach()
