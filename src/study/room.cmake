cradle_embed(room_study cradle_embedded_study ${CMAKE_SOURCE_DIR}/studies/default.toml)
