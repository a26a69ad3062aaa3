// Walks the trees of control groups and divides the root's CPU time among them: every nanosecond is told once.
//
// A counter of the kernel includes all groups below. Counters are read one after the other, parents first, so a child's
// may be a little ahead of what its parent's had room for: what does not fit is told with the next scan.
#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "group_mounts.h"
#include "kept_file.h"
#include "proc_text.h"
#include "tiers.h"

namespace cradle::capture {

namespace {

constexpr std::uint64_t only_group = 1;  // of a machine without control groups
constexpr std::size_t deepest = 256;     // folders in folders; the kernel's default limit is what memory allows

/// A control group.
struct Node {
  std::uint64_t id = 0;
  std::string path, folder;
  Node* parent = nullptr;
  std::vector<std::unique_ptr<Node>> children;
  KeptFile counter, memory;
  std::size_t depth = 0;
  bool counted = false;
  bool ended = false;
  std::int64_t read_ns = 0;    ///< by the kernel, with all below
  std::int64_t behind_ns = 0;  ///< added to what is read, since a counter began again
  std::int64_t told_ns = 0;    ///< of that, told of this group and those below
  std::int64_t own_ns = 0;     ///< this scan's
  std::int64_t claim_ns = 0;   ///< version 2 beside version 1: own time that no version 1 group had room for yet
  bool starved = false;        ///< its claim did not fit
  Node* home = nullptr;        ///< version 2 beside version 1: the version 1 group of its processes
  std::int64_t memory_bytes = 0;

  std::int64_t pending() const { return std::max<std::int64_t>(read_ns + behind_ns - told_ns, 0); }
};

/// The path of a group inside a mount that shows only a part of the hierarchy.
std::string path_inside(const GroupMount& mount, std::string_view relative) {
  std::string path;
  if (mount.root != "/" && mount.root.substr(0, 3) != "/..") path = mount.root;
  if (relative != "/") path.append(relative);
  return path.empty() ? std::string(1, '/') : path;
}

struct Tree {
  GroupMount mount;
  std::string memory_folder;  ///< of the hierarchy's root, for version 1
  std::string_view key;       ///< how lines of /proc/PID/cgroup name it: "" or "cpuacct"
  bool counts = false;
  bool kernel = false;  ///< a real cgroup file system: folders tell how many they hold, files vanish with their group
  std::unique_ptr<Node> root;
  std::unordered_map<std::string, Node*> by_path;

  /// By a path from /proc/PID/cgroup; null if there is none.
  Node* find(std::string_view relative) const {
    const auto found = relative.empty() ? by_path.end() : by_path.find(path_inside(mount, relative));
    return found != by_path.end() ? found->second : nullptr;
  }
};

bool is_cgroup_file_system(const std::string& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  return info.f_type == CGROUP2_SUPER_MAGIC || info.f_type == CGROUP_SUPER_MAGIC;
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) return names;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)) continue;
    names.emplace_back(name);
  }
  ::closedir(entries);
  return names;
}

}  // namespace

struct GroupTree::State {
  explicit State(const std::filesystem::path& sysroot);

  std::optional<Tree> open_tree(const GroupMount* mount, const GroupMount* memory, std::string_view key, int version);
  void attach(Tree& tree, Node& node);
  void read(Tree& tree, Node& node);
  void walk(Tree& tree, Node& node);
  void list(Tree& tree, Node& node, std::vector<std::unique_ptr<Node>>& ended);
  void end(Tree& tree, Node& node);
  void mark(Node& node);
  void tell(Node& node, std::int64_t amount);
  void find_home(Node& node);
  bool holds_process(const Node& node) const;
  void report(const Tree& tree, const Node& node, std::vector<GroupUsage>& usages) const;
  void bury(Node& node);
  void claim(Node& node);

  std::filesystem::path sysroot;
  DescriptorBudget budget;
  std::optional<Tree> two, one;
  std::unordered_map<std::uint64_t, Node*> by_id;
  std::unordered_map<Node*, std::vector<Node*>> guests;  ///< version 2 groups by their home
  std::unordered_set<std::uint64_t> buried;              ///< told as ended by the last scan
  bool first = true;
  bool both = false;  ///< versions
  std::array<char, 8192> buffer{};
};

GroupTree::State::State(const std::filesystem::path& root) : sysroot(root) {
  const std::vector<GroupMount> mounts = find_group_mounts(sysroot);
  two = open_tree(find_controller(mounts, ""), nullptr, "", 2);
  const GroupMount* memory = find_controller(mounts, "memory");
  // A version 1 hierarchy that does not count is of use only where version 2 does not count either.
  for (const char* key : {"cpuacct", "cpu", "name=systemd"}) {
    if (one || (two && two->counts && std::string_view(key) != "cpuacct")) break;
    one = open_tree(find_controller(mounts, key), memory, key, 1);
  }
  both = one && two;
  if (both) {
    one->root->memory = KeptFile();
    two->root->memory = KeptFile();
  }
}

std::optional<Tree> GroupTree::State::open_tree(const GroupMount* mount, const GroupMount* memory, std::string_view key,
                                                int version) {
  if (mount == nullptr) return std::nullopt;
  Tree tree{*mount, memory != nullptr ? memory->folder.native() : std::string(), key, false, false, nullptr, {}};
  tree.root = std::make_unique<Node>();
  tree.root->folder = mount->folder.native();
  tree.root->path = path_inside(*mount, "");
  struct stat status {};
  if (::stat(tree.root->folder.c_str(), &status) != 0) return std::nullopt;
  tree.root->id = status.st_ino | (version == 1 ? version_1 : 0);
  tree.kernel = is_cgroup_file_system(tree.root->folder);
  attach(tree, *tree.root);
  read(tree, *tree.root);
  tree.counts = tree.root->counted;
  by_id[tree.root->id] = tree.root.get();
  tree.by_path[tree.root->path] = tree.root.get();
  return tree;
}

void GroupTree::State::attach(Tree& tree, Node& node) {
  const bool is_two = tree.mount.version == 2;
  DescriptorBudget* kept = tree.kernel ? &budget : nullptr;
  node.counter = KeptFile(node.folder + (is_two ? "/cpu.stat" : "/cpuacct.usage"), kept);
  // Beside each other the versions divide processes by group, but memory by version 1's groups alone: of no use here.
  if (both) {
    node.memory = KeptFile();
  } else if (is_two) {
    node.memory = KeptFile(node.folder + "/memory.current", kept);
  } else if (!tree.memory_folder.empty()) {
    const std::string inside = node.folder.substr(tree.mount.folder.native().size());
    node.memory = KeptFile(tree.memory_folder + inside + "/memory.usage_in_bytes", kept);
  }
  // A group without the memory controller stays so for most hosts: ask once.
  if (!node.memory.read(buffer)) node.memory = KeptFile();
}

void GroupTree::State::read(Tree& tree, Node& node) {
  if (const auto text = node.counter.read(buffer)) {
    std::optional<std::int64_t> now;
    if (tree.mount.version == 2) {
      now = parse_keyed(*text, "usage_usec");
      if (now && node.parent == nullptr) {
        // Kernels before 6.13 add stolen time, and guests' time a second time, to the root's.
        const auto user = parse_keyed(*text, "user_usec"), system = parse_keyed(*text, "system_usec");
        if (user && system && *user <= *now && *system <= *now - *user) now = *user + *system;
      }
      if (now && __builtin_mul_overflow(*now, 1000, &*now)) now.reset();
    } else {
      std::string_view rest = *text;
      now = take_number(rest);
    }
    if (now) {
      if (*now < node.read_ns) node.behind_ns += node.read_ns;
      node.read_ns = *now;
      node.counted = true;
    }
  }
  node.memory_bytes = 0;
  if (const auto text = node.memory.read(buffer)) {
    std::string_view rest = *text;
    node.memory_bytes = take_number(rest).value_or(0);
  }
}

void GroupTree::State::end(Tree& tree, Node& node) {
  node.ended = true;
  node.memory_bytes = 0;
  node.counter.close();
  node.memory.close();
  if (const auto found = tree.by_path.find(node.path); found != tree.by_path.end() && found->second == &node) {
    tree.by_path.erase(found);
  }
  for (const auto& child : node.children) end(tree, *child);
}

void GroupTree::State::list(Tree& tree, Node& node, std::vector<std::unique_ptr<Node>>& ended) {
  for (const std::string& name : folders_in(node.folder)) {
    std::string folder = node.folder;
    folder += '/';
    folder += name;
    struct stat status {};
    // Links are not followed: a tree has no way back.
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    std::string path;
    if (node.path != "/") path = node.path;
    path += '/';
    path += name;
    if (tree.by_path.count(path) != 0) continue;
    std::uint64_t id = status.st_ino | (tree.mount.version == 1 ? version_1 : 0);
    // Version 1 lets groups be renamed: then it is the same one, and its counter goes on.
    std::unique_ptr<Node> born;
    if (tree.kernel) {
      const auto old = std::find_if(ended.begin(), ended.end(), [&](const auto& other) { return other->id == id; });
      if (old != ended.end()) {
        born = std::move(*old);
        ended.erase(old);
        born->ended = false;
      }
    }
    if (!born) {
      // A disk's file system gives the number of a removed folder to the next one.
      constexpr std::uint64_t step = std::uint64_t{1} << 40;
      while (by_id.count(id) != 0) id += step;
      born = std::make_unique<Node>();
      born->id = id;
    }
    born->folder = std::move(folder);
    born->path = path;
    born->parent = &node;
    born->depth = node.depth + 1;
    attach(tree, *born);
    by_id[born->id] = born.get();
    tree.by_path[path] = born.get();
    node.children.push_back(std::move(born));
  }
}

void GroupTree::State::walk(Tree& tree, Node& node) {
  read(tree, node);
  struct stat status {};
  std::size_t alive = 0;
  for (const auto& child : node.children) {
    if (child->ended) continue;
    const bool here = ::lstat(child->folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                      (!tree.kernel || (status.st_ino | (child->id & version_1)) == child->id);
    if (here) {
      ++alive;
    } else {
      end(tree, *child);
    }
  }
  // A folder of the kernel's has one link for each folder in it.
  const bool settled = tree.kernel && ::stat(node.folder.c_str(), &status) == 0 && status.st_nlink == alive + 2;
  if (!settled && node.depth < deepest) {
    // Ended ones wait apart, in case one comes back under another name.
    const auto first_ended = std::stable_partition(node.children.begin(), node.children.end(),
                                                   [](const auto& child) { return !child->ended; });
    std::vector<std::unique_ptr<Node>> ended(std::make_move_iterator(first_ended),
                                             std::make_move_iterator(node.children.end()));
    node.children.erase(first_ended, node.children.end());
    list(tree, node, ended);
    std::move(ended.begin(), ended.end(), std::back_inserter(node.children));
  }
  for (const auto& child : node.children)
    if (!child->ended) walk(tree, *child);
}

void GroupTree::State::mark(Node& node) {
  node.told_ns = node.read_ns + node.behind_ns;
  for (const auto& child : node.children) mark(*child);
}

bool GroupTree::State::holds_process(const Node& node) const {
  if (node.parent == nullptr) return true;
  const Result<std::string> text = read_file(node.folder + "/cgroup.procs");
  return !text || !text->empty();
}

/// Divides what is to be told of a group and those below; what is left is its own.
void GroupTree::State::tell(Node& node, std::int64_t amount) {
  node.told_ns += amount;
  std::int64_t left = amount;
  std::vector<std::int64_t> shares(node.children.size());
  std::size_t ended = 0, last_ended = 0;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    shares[i] = std::min(node.children[i]->pending(), left);
    left -= shares[i];
    if (node.children[i]->ended) {
      ++ended;
      last_ended = i;
    }
  }
  if (const auto found = guests.find(&node); found != guests.end()) {
    for (Node* guest : found->second) {
      const std::int64_t share = std::min(guest->claim_ns, left);
      left -= share;
      guest->claim_ns -= share;
      guest->own_ns += share;
      guest->starved = guest->claim_ns > 0;
    }
  }
  // Who else can it have been, if one group was removed and the parent holds no process?
  if (ended == 1 && left > 0 && !node.ended && node.children[last_ended]->counted && !holds_process(node)) {
    shares[last_ended] += left;
    left = 0;
  }
  node.own_ns += left;
  for (std::size_t i = 0; i < node.children.size(); ++i) tell(*node.children[i], shares[i]);
}

/// Where version 1 keeps the processes of a version 2 group: asked of one of them, else by the longest equal path, as
/// systemd names groups alike in both.
void GroupTree::State::find_home(Node& node) {
  Node* home = one->root.get();
  if (!one->root->children.empty()) {
    for (std::string path = node.path; !path.empty(); path.resize(path.rfind('/'))) {
      const auto found = one->by_path.find(path);
      if (found == one->by_path.end()) continue;
      home = found->second;
      break;
    }
    std::optional<std::int64_t> pid;
    if (const Result<std::string> processes = read_file(node.folder + "/cgroup.procs")) {
      std::string_view rest = *processes;
      pid = take_number(rest);
    }
    if (pid) {
      const Result<std::string> text = read_file(sysroot / "proc" / std::to_string(*pid) / "cgroup");
      if (Node* found = text ? one->find(path_of_group(*text, one->key)) : nullptr) home = found;
    }
  }
  node.home = home;
}

void GroupTree::State::report(const Tree& tree, const Node& node, std::vector<GroupUsage>& usages) const {
  const bool hidden = &tree == &*two && one && node.parent == nullptr;  // its processes are version 1's
  if (!hidden) {
    GroupUsage usage;
    usage.id = node.id;
    usage.path = node.path;
    usage.cpu_ns = node.own_ns;
    usage.cpu_is_exact = node.counted;
    std::int64_t below = 0;
    for (const auto& child : node.children) below += child->memory_bytes;
    usage.resident_bytes = std::max<std::int64_t>(node.memory_bytes - below, 0);
    usage.ended = node.ended;
    usages.push_back(std::move(usage));
  }
  for (const auto& child : node.children) report(tree, *child, usages);
}

void GroupTree::State::bury(Node& node) {
  for (const auto& child : node.children) bury(*child);
  std::erase_if(node.children, [&](const std::unique_ptr<Node>& child) {
    if (!child->ended) return false;
    by_id.erase(child->id);
    buried.insert(child->id);
    return true;
  });
  node.own_ns = 0;
}

/// Version 2 beside version 1: what a group used is part of what version 1 counted for the same processes.
void GroupTree::State::claim(Node& node) {
  if (node.parent != nullptr) {
    if (node.home == nullptr || node.home->ended || node.starved) find_home(node);
    guests[node.home].push_back(&node);
    node.claim_ns += std::exchange(node.own_ns, 0);
    node.starved = false;
  }
  for (const auto& child : node.children) claim(*child);
}

GroupTree::GroupTree(const std::filesystem::path& sysroot) : state_(std::make_unique<State>(sysroot)) {}
GroupTree::~GroupTree() = default;
GroupTree::GroupTree(GroupTree&&) noexcept = default;
GroupTree& GroupTree::operator=(GroupTree&&) noexcept = default;

bool GroupTree::has_version_2() const { return state_->two.has_value(); }
bool GroupTree::has_version_1() const { return state_->one.has_value(); }

std::vector<GroupUsage> GroupTree::scan() {
  State& state = *state_;
  std::vector<GroupUsage> usages;
  if (!state.one && !state.two) {
    usages.emplace_back();
    usages.back().id = only_group;
    usages.back().path.assign(1, '/');
    return usages;
  }

  for (auto* tree : {&state.one, &state.two}) {
    if (!*tree) continue;
    state.walk(**tree, *(*tree)->root);
    if (state.first) state.mark(*(*tree)->root);
  }
  state.first = false;

  if (state.two) {
    Node& root = *state.two->root;
    std::int64_t below = 0;
    for (const auto& child : root.children) below += child->pending();
    // The root of version 2 is counted in ticks, the groups below by the scheduler's clock, which may be ahead: they
    // are told in full, and the root takes it off its own in a later scan.
    state.tell(root, state.one ? below : std::max(root.pending(), below));
  }
  if (state.one) {
    state.guests.clear();
    const bool divides = state.two && state.one->counts;
    if (divides) state.claim(*state.two->root);
    state.tell(*state.one->root, state.one->root->pending());
  }

  if (state.one) state.report(*state.one, *state.one->root, usages);
  if (state.two) state.report(*state.two, *state.two->root, usages);
  state.buried.clear();
  if (state.one) state.bury(*state.one->root);
  if (state.two) state.bury(*state.two->root);
  return usages;
}

std::uint64_t GroupTree::group_of(std::string_view proc_cgroup) const {
  const State& state = *state_;
  if (!state.one && !state.two) return only_group;
  if (state.two) {
    const Node* node = state.two->find(path_of_group(proc_cgroup, ""));
    if (node != nullptr && (!state.one || node->parent != nullptr)) return node->id;
  }
  const Node* node = state.one ? state.one->find(path_of_group(proc_cgroup, state.one->key)) : nullptr;
  return node != nullptr ? node->id : 0;
}

std::uint64_t GroupTree::group_of(std::uint64_t version_2_id, std::uint64_t version_1_id) const {
  const State& state = *state_;
  if (!state.one && !state.two) return only_group;
  const auto known = [&](std::uint64_t id) { return state.by_id.count(id) != 0 || state.buried.count(id) != 0; };
  if (state.two && version_2_id != 0 && (!state.one || version_2_id != state.two->root->id)) {
    return known(version_2_id) ? version_2_id : 0;
  }
  const std::uint64_t id = version_1_id | version_1;
  return state.one && known(id) ? id : 0;
}

void sum_uncounted(Scan& scan) {
  std::unordered_map<std::uint64_t, std::int64_t> sums;
  for (const ProcessUsage& process : scan.processes) sums[process.group] += process.cpu_ns;
  for (GroupUsage& group : scan.groups) {
    const auto found = sums.find(group.id);
    if (!group.cpu_is_exact && found != sums.end()) group.cpu_ns = found->second;
  }
}

}  // namespace cradle::capture
