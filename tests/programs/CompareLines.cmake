# cmake -DPROGRAM=... -DCASE=... -P CompareLines.cmake
# Feeds PROGRAM with CASE.in.jsonl and fails unless it exits with 0 and prints exactly what
# CASE.expected.jsonl holds. CASE.args, if it exists, has the arguments, one a line.
set(arguments "")
if(EXISTS "${CASE}.args")
  file(STRINGS "${CASE}.args" arguments)
endif()
execute_process(
  COMMAND "${PROGRAM}" ${arguments}
  INPUT_FILE "${CASE}.in.jsonl"
  OUTPUT_VARIABLE printed
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed:\n${printed}")
endif()
file(READ "${CASE}.expected.jsonl" expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed:\n${printed}\n--- expected:\n${expected}")
endif()
