// Which virtual machine a process is: by libvirt's control group, else by the emulator's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cradle::observe {

struct VirtualMachine {
  std::string id, name;  ///< empty: it is none
};

/// Groups "machine-qemu\x2dN\x2dNAME.scope" (systemd-machined) and "qemu-N-NAME.libvirt-qemu" (libvirt without
/// systemd); else a command that starts with "qemu-system-" or "qemu-kvm", known by its process number alone.
VirtualMachine virtual_machine(std::string_view group_path, std::string_view command, std::int32_t pid);

}  // namespace cradle::observe
