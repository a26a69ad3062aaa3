# JSON and YAML are the formats of the tools' own files; the readers keep both libraries to themselves.
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
cradle_room_libraries(published nlohmann_json::nlohmann_json yaml-cpp)
