# JSON is the format of a published trace; its reader keeps the library to itself.
find_package(nlohmann_json REQUIRED)
cradle_room_libraries(slicing nlohmann_json::nlohmann_json)
