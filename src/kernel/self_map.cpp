#ifdef CRADLE_BPF

#include "cradle/kernel/self_map.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "boot_clock.h"
#include "cradle_self_map.h"
#include "libbpf_log.h"

namespace cradle::kernel {
namespace {

// What is written here is read through the C header.
static_assert(sizeof(SelfCarbon) == sizeof(cradle_self_carbon));
static_assert(sizeof(std::uint64_t) == sizeof(cradle_self_group));
static_assert(offsetof(SelfCarbon, microjoules) == offsetof(cradle_self_carbon, microjoules));
static_assert(offsetof(SelfCarbon, micrograms_operational) == offsetof(cradle_self_carbon, micrograms_operational));
static_assert(offsetof(SelfCarbon, micrograms_embodied) == offsetof(cradle_self_carbon, micrograms_embodied));
static_assert(offsetof(SelfCarbon, updated_ns) == offsetof(cradle_self_carbon, updated_ns));

class Map final : public SelfMap {
 public:
  Map(int map, std::filesystem::path pin) : map_(map), pin_(std::move(pin)) {}
  ~Map() override {
    close(map_);
    unlink(pin_.c_str());
  }

  Result<void> update(std::uint64_t group, const SelfCarbon& value) override {
    SelfCarbon stamped = value;
    if (stamped.updated_ns == 0) stamped.updated_ns = since_boot_ns();
    const int status = bpf_map_update_elem(map_, &group, &stamped, BPF_ANY);
    if (status == -E2BIG)
      return Error{ErrorCode::budget_exceeded, "the map is full of groups", pin_.string(),
                   "remove groups that ended, or make the map larger"};
    if (status) return LibbpfLog{}.error(status, "cannot write the entry of group " + std::to_string(group), pin_);
    return {};
  }

  Result<void> remove(std::uint64_t group) override {
    const int status = bpf_map_delete_elem(map_, &group);
    if (status && status != -ENOENT)
      return LibbpfLog{}.error(status, "cannot remove the entry of group " + std::to_string(group), pin_);
    return {};
  }

 private:
  int map_;
  std::filesystem::path pin_;
};

}  // namespace

Result<std::unique_ptr<SelfMap>> SelfMap::create(const std::filesystem::path& pin, std::uint32_t groups) {
  struct statfs system = {};
  if (statfs(pin.parent_path().c_str(), &system) != 0 || system.f_type != BPF_FS_MAGIC)
    return bad_input("not in a mounted bpffs", pin.string(),
                     "mount one, `mount -t bpf bpf /sys/fs/bpf` as root, and name a file in it");
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(pin, ignored)))
    return bad_input("is there already", pin.string(),
                     "stop the other program that pinned it, or remove the file, or name another");
  const LibbpfLog log;
  bpf_map_create_opts options{};
  options.sz = sizeof options;
  options.map_flags = BPF_F_NO_PREALLOC;
  const int map = bpf_map_create(BPF_MAP_TYPE_HASH, CRADLE_SELF_MAP_NAME, sizeof(std::uint64_t), sizeof(SelfCarbon),
                                 groups, &options);
  if (map < 0) return log.error(map, "cannot make a BPF map of " + std::to_string(groups) + " groups", pin.string());
  if (const int status = bpf_obj_pin(map, pin.c_str())) {
    close(map);
    return log.error(status, "cannot pin the BPF map", pin.string());
  }
  return std::unique_ptr<SelfMap>(std::make_unique<Map>(map, pin));
}

Result<SelfCarbon> read_self_map(const std::filesystem::path& pin, std::uint64_t group) {
  const LibbpfLog log;
  struct bpf_obj_get_opts options {};
  options.sz = sizeof options;
  options.file_flags = BPF_F_RDONLY;
  const int map = bpf_obj_get_opts(pin.c_str(), &options);
  if (map == -ENOENT)
    return missing_data("no map is pinned there", pin.string(), "start the meter with this map first");
  if (map < 0) return log.error(map, "cannot open the pinned BPF map", pin.string());
  bpf_map_info info = {};
  __u32 size = sizeof info;
  SelfCarbon value;
  int status = bpf_obj_get_info_by_fd(map, &info, &size);
  const bool ours = status == 0 && info.key_size == sizeof group && info.value_size == sizeof value;
  if (ours) status = bpf_map_lookup_elem(map, &group, &value);
  close(map);
  if (status == 0 && !ours) return bad_input("is another kind of BPF map", pin.string(), "name the map of the meter");
  if (status == -ENOENT)
    return missing_data("control group " + std::to_string(group) + " has no entry", pin.string(),
                        "the meter writes it with its next scan; check the group's number");
  if (status) return log.error(status, "cannot read the pinned BPF map", pin.string());
  return value;
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
