/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers to the one who started QEMU, through a socket. A request is a line, an answer a line
 * "ok BYTES" and so many bytes of 64-bit words, or "error TEXT".
 *
 *	totals		for each vCPU the totals of enum meter_total
 *	blocks		for each block its address, its instructions and, for each vCPU, its
 *			executions
 *	stacks		for each vCPU the number of its nodes and of each the parent, the function,
 *			the instructions and the lines
 *	count		mode count
 *	lines PATH	mode lines, with the functions of that file; the stacks begin anew
 */

#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>

/* Begin to. Returns false when that cannot be. */
bool serve(int fd);

#endif /* SERVE_H */
