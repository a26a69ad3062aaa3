# The loops over all devices want -O3's vectoriser; without contraction every instruction set rounds alike.
set(fast "$<$<CONFIG:Release>:-O3>")
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/lanes.cpp PROPERTIES
                            COMPILE_OPTIONS "${fast};-ffp-contract=off;-fno-trapping-math;-fno-math-errno")
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/exchange.cpp ${CMAKE_CURRENT_LIST_DIR}/family.cpp
                            PROPERTIES COMPILE_OPTIONS "${fast}")
