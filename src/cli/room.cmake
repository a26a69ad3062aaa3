# The node program: `cradle observe` without the libraries of the other verbs.
add_executable(cradle-observe
  ${CMAKE_SOURCE_DIR}/src/cli/node/main.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/fail.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/observe_command.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/observe_daemon.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/observe_options.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/observe_view.cpp
  ${CMAKE_SOURCE_DIR}/src/cli/verb_observe.cpp)
target_link_libraries(cradle-observe PRIVATE room_observe room_report)
target_include_directories(cradle-observe PRIVATE ${CMAKE_SOURCE_DIR}/src/cli)
if(NOT CRADLE_SANITIZE)
  # Of the C++ library only what is used: on a node it would be the largest thing in memory that is not ours.
  target_link_options(cradle-observe PRIVATE -static-libstdc++ -static-libgcc)
endif()
