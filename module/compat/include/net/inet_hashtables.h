/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket of a flow, found alike on every kernel: until 6.17 the table of connections is an
 * argument; without IPv6 there is none.
 */

#ifndef _FALCON_COMPAT_NET_INET_HASHTABLES_H
#define _FALCON_COMPAT_NET_INET_HASHTABLES_H

#include <linux/version.h>
#include_next <net/inet_hashtables.h>
#include <net/inet6_hashtables.h>
#include <net/udp.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define falcon_established(net) (net)
#else
#define falcon_established(net) (net), (net)->ipv4.tcp_death_row.hashinfo
#endif

#define falcon_inet_lookup(net, saddr, sport, daddr, dport, dif) \
	__inet_lookup_established(falcon_established(net), saddr, sport, daddr, dport, dif, 0)

#if IS_ENABLED(CONFIG_IPV6)
#define falcon_inet6_lookup(net, saddr, sport, daddr, dport, dif) \
	__inet6_lookup_established(falcon_established(net), saddr, sport, daddr, dport, dif, 0)
#define falcon_udp6_lookup udp6_lib_lookup
#else
#define falcon_inet6_lookup(net, saddr, sport, daddr, dport, dif) NULL
#define falcon_udp6_lookup(net, saddr, sport, daddr, dport, dif) NULL
#endif

#endif /* _FALCON_COMPAT_NET_INET_HASHTABLES_H */
