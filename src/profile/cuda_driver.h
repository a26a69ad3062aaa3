// The part of NVIDIA's driver library that is used here, declared by ourselves and found at run time.
#pragma once

#include <memory>
#include <string>

#include "cradle/base/result.h"

namespace cradle::profile {

/// Facts of the library's binary interface (CUDA driver API reference, 11.4 and later): names, numbers, layouts.
struct CudaDriver {
  using Context = struct OpaqueContext*;
  using Module = struct OpaqueModule*;
  using Function = struct OpaqueFunction*;
  using Stream = struct OpaqueStream*;
  using Pointer = unsigned long long;
  struct Uuid {
    unsigned char bytes[16];
  };
  enum Status : int { success = 0 };
  enum Attribute : int { multiprocessors = 16, capability_major = 75, capability_minor = 76 };
  static constexpr unsigned blocking_wait = 4;  ///< the host sleeps while it waits for the device

  int (*init)(unsigned) = nullptr;
  int (*count)(int*) = nullptr;
  int (*device)(int* device, int index) = nullptr;
  int (*uuid)(Uuid*, int device) = nullptr;
  int (*attribute)(int*, int attribute, int device) = nullptr;
  int (*context_create)(Context*, unsigned flags, int device) = nullptr;
  int (*context_destroy)(Context) = nullptr;
  int (*module_load)(Module*, const void* text) = nullptr;
  int (*module_unload)(Module) = nullptr;
  int (*function)(Function*, Module, const char* name) = nullptr;
  int (*allocate)(Pointer*, std::size_t bytes) = nullptr;
  int (*release)(Pointer) = nullptr;
  int (*fill)(Pointer, unsigned char value, std::size_t bytes) = nullptr;
  int (*to_host)(void*, Pointer, std::size_t bytes) = nullptr;
  int (*launch)(Function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                unsigned block_z, unsigned shared_bytes, Stream, void** parameters, void** extra) = nullptr;
  int (*synchronise)() = nullptr;
  int (*describe)(int status, const char** text) = nullptr;

  /// Loads and initialises the library. missing_data if it cannot be had, lacks a function, or finds no device.
  static Result<std::shared_ptr<const CudaDriver>> load(const std::string& library);

  /// The library's words for a status.
  std::string text(int status) const;
};

}  // namespace cradle::profile
