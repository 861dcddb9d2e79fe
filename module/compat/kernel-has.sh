#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kernel-has.sh COMMAND...: a header with FALCON_HAS_NAME for each probe below, 1 if the kernel has that, else 0.
#
# Its number tells little of a kernel: who maintains one takes over from later ones what he needs. So the compiler,
# called by COMMAND with the kernel's own options, says of each expression whether it means anything. Other
# complaints than those that say "there is no such thing" end the build: no is not what a broken probe may mean.
set -eu

headers='
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/gro.h>
#include <net/inet_hashtables.h>
#if __has_include(<net/hotdata.h>)
#include <net/hotdata.h>
#endif
#if __has_include(<net/netdev_rx_queue.h>)
#define netdev_rx_queue_h 0
#endif
'

# The first is in every kernel, the second in none.
probes='
NETIF_RECEIVE_SKB	&netif_receive_skb
NOTHING			&falcon_nothing
ALLOC_NETDEV_DUMMY	&alloc_netdev_dummy
DEV_NIT_ACTIVE_RCU	&dev_nit_active_rcu
GRO_RECEIVE_SKB		&gro_receive_skb
HOTDATA_MAX_BACKLOG	net_hotdata.max_backlog
HOTDATA_RPS_TABLE	net_hotdata.rps_sock_flow_table
HRTIMER_SETUP		&hrtimer_setup
NETDEV_RX_QUEUE_H	netdev_rx_queue_h
ONE_ESTABLISHED_TABLE	__inet_lookup_established((struct net *)0, 0, 0, 0, 0, 0, 0)
SYSTEM_PERCPU_WQ	&system_percpu_wq
'

absent='undeclared|has no member named|no member named|too (few|many) arguments|invalid use of undefined type|incomplete type'

# Each on a line of its own, whose number the compiler's messages give, and in a function of its own, or what is
# undeclared would be said once.
program() {
	echo "$headers"
	echo '#line 1 "probe"'
	echo "$probes" | awk 'NF { name = $1; $1 = ""; print "static inline __maybe_unused int has_" name "(void) { return sizeof(" $0 "); }" }'
}

said=$(program | LC_ALL=C "$@" -x c -fsyntax-only - 2>&1) || true
errors=$(echo "$said" | grep -E '(^|[ :])(fatal )?error:' || true)

fail() {
	echo "falcon: $1; the compiler says:" >&2
	echo "$said" >&2
	exit 1
}

strange=$(echo "$errors" | grep -vE "^probe:[0-9]+:.* error: .*($absent)" || true)
[ -z "$strange" ] || fail 'cannot tell what this kernel has'
lines=$(echo "$errors" | sed -n 's/^probe:\([0-9]*\):.*/\1/p')
header=$(echo "$probes" | awk -v lines="$lines" '
	BEGIN { split(lines, list, /[ \n]+/); for (i in list) absent[list[i]] = 1 }
	NF { print "#define FALCON_HAS_" $1, (++n in absent) ? 0 : 1 }')
case $header in
*' FALCON_HAS_NETIF_RECEIVE_SKB 1'*' FALCON_HAS_NOTHING 0'*) echo "$header" ;;
*) fail 'probes do not work' ;;
esac
