// SPDX-License-Identifier: GPL-2.0
/*
 * Formatted extended acknowledgements for kernels whose struct netlink_ext_ack has no
 * buffer of its own.
 */

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/netlink.h>

#ifdef FALCON_COMPAT_EXTACK

#define MESSAGES 16	/* a power of two */
#define LENGTH	 80	/* NETLINK_MAX_FMTMSG_LEN of later kernels */

/*
 * The caller sends the acknowledgement as soon as the handler returns. A text is overwritten only
 * if 16 more refusals are formatted before that.
 */
static char messages[MESSAGES][LENGTH];
static atomic_t next;

const char *falcon_extack_format(const char *format, ...)
{
	char *message = messages[(u32)atomic_inc_return(&next) % MESSAGES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, LENGTH, format, args);
	va_end(args);
	return message;
}

#endif
