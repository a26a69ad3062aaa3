/* Bytes of IP packets received and sent, by the control group (version 2) of their socket. Attached to the root group,
 * where both programs see the packets of every group; they let all of them pass. */
#include "kernel_types.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 8192);
  __type(key, struct group_ids);
  __type(value, struct byte_count);
} packets SEC(".maps");

/* Of groups for which there was no room. */
__u64 unplaced_bytes = 0;

enum { pass = 1 };

static __always_inline struct byte_count* count_of(__u64 group) {
  struct group_ids ids = {group, 0};
  struct byte_count none = {0};
  struct byte_count* count = bpf_map_lookup_elem(&packets, &ids);
  if (count) return count;
  bpf_map_update_elem(&packets, &ids, &none, BPF_NOEXIST);
  return bpf_map_lookup_elem(&packets, &ids);
}

/* In a softirq the current task is a bystander: only the socket knows whose packet it is. */
SEC("cgroup_skb/ingress")
int receive(struct __sk_buff* packet) {
  struct bpf_sock* socket = packet->sk;
  if (!socket) return pass;
  struct byte_count* count = count_of(bpf_sk_cgroup_id(socket));
  __sync_fetch_and_add(count ? &count->in : &unplaced_bytes, packet->len);
  return pass;
}

SEC("cgroup_skb/egress")
int send(struct __sk_buff* packet) {
  struct byte_count* count = count_of(bpf_skb_cgroup_id(packet));
  __sync_fetch_and_add(count ? &count->out : &unplaced_bytes, packet->len);
  return pass;
}
