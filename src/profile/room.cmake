find_package(nlohmann_json REQUIRED)
cradle_room_libraries(profile nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})

# What the tests load in place of NVIDIA's driver library; the management library's stand-in is that of the meters.
if(CRADLE_TESTS)
  add_library(cradle_fake_cuda MODULE ${CMAKE_SOURCE_DIR}/src/profile/testing/fake_cuda.cpp)
  set_target_properties(cradle_fake_cuda PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  # Both in one, with a board, for tests of the program itself.
  add_library(
    cradle_fake_gpu MODULE ${CMAKE_SOURCE_DIR}/src/profile/testing/fake_cuda.cpp
                           ${CMAKE_SOURCE_DIR}/src/meter/testing/fake_nvml.cpp
                           ${CMAKE_SOURCE_DIR}/src/profile/testing/fake_gpu.cpp)
  set_target_properties(cradle_fake_gpu PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  add_dependencies(room_profile cradle_fake_cuda cradle_fake_gpu)
endif()

# A library that is found at run time carries no types that this sanitizer could compare.
if(CRADLE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/profile/nvidia_gpu.cpp ${CMAKE_SOURCE_DIR}/src/profile/cuda_driver.cpp
                              PROPERTIES COMPILE_OPTIONS -fno-sanitize=function)
endif()
