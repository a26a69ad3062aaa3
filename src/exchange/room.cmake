# The checksum of packets: OpenSSL's HMAC, fenced in wire_tag.cpp.
find_package(OpenSSL REQUIRED)
cradle_room_libraries(exchange OpenSSL::Crypto)
