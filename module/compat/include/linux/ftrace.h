/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The accessors of struct ftrace_regs that a redirect needs, under one name on every kernel. Older
 * kernels show the pt_regs as a member, later ones hide it behind arch_ftrace_regs().
 */

#ifndef _FALCON_COMPAT_LINUX_FTRACE_H
#define _FALCON_COMPAT_LINUX_FTRACE_H

#include_next <linux/ftrace.h>

#ifndef CONFIG_X86_64
#error "falcon knows the calling convention of x86-64 only"
#endif

#ifdef arch_ftrace_regs
#define falcon_ftrace_pt_regs(fregs) (&arch_ftrace_regs(fregs)->regs)
#else
#define falcon_ftrace_pt_regs(fregs) (&(fregs)->regs)
#endif

#ifndef ftrace_regs_get_argument
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(falcon_ftrace_pt_regs(fregs), n)
#endif

#ifndef ftrace_regs_set_instruction_pointer
#define ftrace_regs_set_instruction_pointer(fregs, ip) \
	ftrace_instruction_pointer_set(fregs, ip)
#endif

#endif /* _FALCON_COMPAT_LINUX_FTRACE_H */
