/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Socket lookup with the same arguments on every kernel: in older ones the table of connections is
 * an argument. Without IPv6, its lookups find nothing.
 */

#ifndef _FALCON_COMPAT_NET_INET_HASHTABLES_H
#define _FALCON_COMPAT_NET_INET_HASHTABLES_H

#include <kernel-has.h>
#include_next <net/inet_hashtables.h>
#include <net/inet6_hashtables.h>
#include <net/addrconf.h>
#include <net/udp.h>

#if FALCON_HAS_ONE_ESTABLISHED_TABLE
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
#define falcon_inet6_is_local(net, addr) ipv6_chk_addr(net, addr, NULL, 0)
#else
#define falcon_inet6_lookup(net, saddr, sport, daddr, dport, dif) NULL
#define falcon_udp6_lookup(net, saddr, sport, daddr, dport, dif) NULL
#define falcon_inet6_is_local(net, addr) false
#endif

#endif /* _FALCON_COMPAT_NET_INET_HASHTABLES_H */
