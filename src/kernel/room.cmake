# BPF programs: compiled by clang for the BPF machine, made into headers by bpftool, loaded by libbpf. Without one of
# the three the room builds all the same, and says at run time what was missing (CRADLE_BPF is not defined).
find_program(CRADLE_BPF_CLANG NAMES clang-14 clang clang-16 clang-19)
find_program(CRADLE_BPFTOOL bpftool PATHS /usr/sbin /sbin)
find_library(CRADLE_LIBBPF bpf)
find_path(CRADLE_LIBBPF_INCLUDE bpf/libbpf.h)

if(CRADLE_BPF_CLANG AND CRADLE_BPFTOOL AND CRADLE_LIBBPF AND CRADLE_LIBBPF_INCLUDE)
  set(skeletons ${CMAKE_BINARY_DIR}/kernel)
  file(MAKE_DIRECTORY ${skeletons})
  set(bpf_flags -target bpf -mcpu=v3 -O2 -g -Wall -Werror -I${CRADLE_LIBBPF_INCLUDE})
  if(CMAKE_LIBRARY_ARCHITECTURE)
    # <asm/types.h> of the host, which clang does not look for when it compiles for another machine.
    list(APPEND bpf_flags -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
  endif()
  file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernel/*.bpf.c)
  foreach(program IN LISTS programs)
    get_filename_component(name ${program} NAME_WE)
    add_custom_command(
      OUTPUT ${skeletons}/${name}.skel.h
      COMMAND ${CRADLE_BPF_CLANG} ${bpf_flags} -c ${program} -o ${skeletons}/${name}.bpf.o
      COMMAND ${CRADLE_BPFTOOL} gen skeleton ${skeletons}/${name}.bpf.o name ${name}_bpf > ${skeletons}/${name}.skel.h
      DEPENDS ${program} ${CMAKE_SOURCE_DIR}/src/kernel/kernel_types.h ${CMAKE_SOURCE_DIR}/src/kernel/records.h
      COMMENT "BPF program ${name}"
      VERBATIM)
    list(APPEND skeleton_headers ${skeletons}/${name}.skel.h)
  endforeach()
  add_custom_target(kernel_skeletons DEPENDS ${skeleton_headers})
  add_dependencies(room_kernel kernel_skeletons)
  # Generated code is not held to our warnings.
  target_include_directories(room_kernel SYSTEM PRIVATE ${CMAKE_BINARY_DIR} ${CRADLE_LIBBPF_INCLUDE})
  target_compile_definitions(room_kernel PUBLIC CRADLE_BPF)
  cradle_room_libraries(kernel ${CRADLE_LIBBPF})
else()
  message(STATUS "No BPF: needs clang, bpftool and libbpf (Debian: clang, bpftool, libbpf-dev)")
endif()
