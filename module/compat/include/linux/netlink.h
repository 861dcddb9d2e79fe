/* SPDX-License-Identifier: GPL-2.0 */
/* Kernels before 6.2 have no formatted extended acknowledgement. */

#ifndef _FALCON_COMPAT_LINUX_NETLINK_H
#define _FALCON_COMPAT_LINUX_NETLINK_H

#include_next <linux/netlink.h>

#ifndef NL_SET_ERR_MSG_FMT
#define FALCON_COMPAT_EXTACK
const char *falcon_extack_format(const char *format, ...) __printf(1, 2);

#define NL_SET_ERR_MSG_FMT(extack, fmt, args...) do {			\
	struct netlink_ext_ack *__extack = (extack);			\
									\
	if (__extack)							\
		__extack->_msg = falcon_extack_format(fmt, ##args);	\
} while (0)

#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...) do {	\
	struct netlink_ext_ack *___extack = (extack);			\
									\
	if (___extack) {						\
		___extack->bad_attr = (attr);				\
		NL_SET_ERR_MSG_FMT(___extack, fmt, ##args);		\
	}								\
} while (0)
#endif

#endif /* _FALCON_COMPAT_LINUX_NETLINK_H */
