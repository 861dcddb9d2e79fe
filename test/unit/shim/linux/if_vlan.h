/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_IF_VLAN_H
#define _SHIM_IF_VLAN_H

#include <stdbool.h>
#include <asm/byteorder.h>
#include <linux/if_ether.h>

#define VLAN_HLEN 4

struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

static inline bool eth_type_vlan(__be16 type)
{
	return type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD);
}

#endif
