find_package(SQLite3 REQUIRED)
cradle_room_libraries(ledger SQLite::SQLite3)
