find_package(tomlplusplus REQUIRED)
# Header-only use (toml_tree.cpp): the shared library of the distribution is not needed.
get_target_property(toml_headers tomlplusplus::tomlplusplus INTERFACE_INCLUDE_DIRECTORIES)
if(toml_headers)
  target_include_directories(room_toml SYSTEM PRIVATE ${toml_headers})
endif()
