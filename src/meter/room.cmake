find_package(nlohmann_json REQUIRED)
cradle_room_libraries(meter nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})

# What the tests load in place of NVIDIA's library: the same symbols over a scripted state. It lies beside the tests.
if(CRADLE_TESTS)
  add_library(cradle_fake_nvml MODULE ${CMAKE_SOURCE_DIR}/src/meter/testing/fake_nvml.cpp)
  set_target_properties(cradle_fake_nvml PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  add_dependencies(room_meter cradle_fake_nvml)
endif()

# A library that is found at run time carries no types that this sanitizer could compare.
if(CRADLE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/meter/gpu_meter.cpp ${CMAKE_SOURCE_DIR}/src/meter/gpu_limit.cpp
                              ${CMAKE_SOURCE_DIR}/src/meter/gpu_board.cpp
                              ${CMAKE_SOURCE_DIR}/src/meter/nvml.cpp PROPERTIES COMPILE_OPTIONS -fno-sanitize=function)
endif()
