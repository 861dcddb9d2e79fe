/* SPDX-License-Identifier: GPL-2.0 */
/* The fields of 'falconctl check'. Each has a file check-*.c; check.c calls them all. */
#ifndef FALCONCTL_CHECK_FIELDS_H
#define FALCONCTL_CHECK_FIELDS_H

void check_kernel(void);	/* version, options, PREEMPT_RT, ftrace, init_on_alloc */
void check_symbols(void);	/* the functions to hook, and who else hooks them */
void check_signature(void);	/* lockdown, Secure Boot, the module's signature */
void check_net(void);		/* CPUs, RPS, RFS, NAPI threads, NICs, tunnels, encryption */

#endif
