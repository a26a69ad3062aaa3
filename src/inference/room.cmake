# JSON is the format of the published optimiser's files; the reader keeps the library to itself.
find_package(nlohmann_json REQUIRED)
cradle_room_libraries(inference nlohmann_json::nlohmann_json)
