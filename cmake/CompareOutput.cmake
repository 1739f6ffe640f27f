# cmake -DPROGRAM=... -DEXPECTED=... [-DINPUT=...] -P CompareOutput.cmake
# Runs PROGRAM, with the file INPUT as its input, and fails unless it exits with 0 and prints
# exactly what the file EXPECTED holds.
set(input)
if(DEFINED INPUT)
  set(input INPUT_FILE "${INPUT}")
endif()
execute_process(
  COMMAND "${PROGRAM}" ${input}
  OUTPUT_VARIABLE printed
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed:\n${printed}")
endif()
file(READ "${EXPECTED}" expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed:\n${printed}\n--- expected:\n${expected}")
endif()
