# The output of PROGRAM must be the content of EXPECTED.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE said RESULT_VARIABLE result)
file(READ ${EXPECTED} expected)
if(NOT result EQUAL 0 OR NOT said STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} (${result}) says:\n${said}")
endif()
