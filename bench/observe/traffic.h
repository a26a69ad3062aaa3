// Known amounts of bytes: written to and read from a disk past the page cache, and sent over loopback TCP.
#pragma once

#include <cstdint>
#include <filesystem>

namespace cradle::bench {

/// Writes `bytes` (a multiple of 64 KiB) by O_DIRECT; false if the folder's disk does not take that.
bool write_direct(const std::filesystem::path& file, std::int64_t bytes);
/// Reads it all by O_DIRECT.
bool read_direct(const std::filesystem::path& file, std::int64_t bytes);

/// A listening TCP socket on 127.0.0.1; -1: none.
int listen_loopback(int& port);
/// Accepts one connection and reads to its end; the bytes that came, -1: it failed.
std::int64_t receive_all(int listening);
bool send_bytes(int port, std::int64_t bytes);

}  // namespace cradle::bench
