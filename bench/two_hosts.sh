#!/usr/bin/env bash
# Times two processes of one thread each as if on two hosts: network namespaces with a limited link between them. Needs root and ip.
#   bench/two_hosts.sh RATE ARGUMENTS OF tessera_bench    RATE: 10gbit, 1gbit, 100mbit, ..., or none
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rate=${1:?a rate, such as 1gbit}
shift

names=(tessera-a tessera-b)
remove() { for name in "${names[@]}"; do ip netns delete "$name" 2>/dev/null || true; done; }
trap remove EXIT
remove
for name in "${names[@]}"; do ip netns add "$name"; done
ip link add link-a netns "${names[0]}" type veth peer name link-b netns "${names[1]}"
number=1
for name in "${names[@]}"; do
  device=link-${name#tessera-}
  ip -n "$name" address add 10.77.0.$number/24 dev "$device"
  ip -n "$name" link set lo up
  ip -n "$name" link set "$device" up
  [[ $rate == none ]] || tc -n "$name" qdisc add dev "$device" root tbf rate "$rate" burst 256kb latency 50ms
  number=$((number + 1))
done
export OMP_NUM_THREADS=1 WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29577
RANK=1 ip netns exec "${names[1]}" build/release/tessera_bench "$@" &
RANK=0 ip netns exec "${names[0]}" build/release/tessera_bench "$@"
wait
