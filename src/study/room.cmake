find_package(tomlplusplus REQUIRED)
cradle_room_libraries(study tomlplusplus::tomlplusplus)
cradle_embed(room_study cradle_embedded_study ${CMAKE_SOURCE_DIR}/studies/default.toml)
