# The loops over pairs want -O3's vectoriser; without contraction every instruction set rounds alike.
set(fast "$<$<CONFIG:Release>:-O3>")
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/exchange_lanes.cpp PROPERTIES
                            COMPILE_OPTIONS "${fast};-ffp-contract=off;-fno-trapping-math;-fno-math-errno")

# The event engine is short functions called often; -O3 inlines them.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/events_escrow.cpp ${CMAKE_CURRENT_LIST_DIR}/events_published.cpp
                            PROPERTIES COMPILE_OPTIONS "${fast}")
