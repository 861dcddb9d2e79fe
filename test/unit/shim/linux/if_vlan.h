/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_IF_VLAN_H
#define _SHIM_IF_VLAN_H

#define VLAN_HLEN 4

#endif
