# Downloads: libcurl and OpenSSL libcrypto, fenced in data_set_get.cpp and data_set_sha256.cpp.
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
cradle_room_libraries(workload CURL::libcurl OpenSSL::Crypto)
