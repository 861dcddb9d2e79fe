/* SPDX-License-Identifier: GPL-2.0 */
/* Files of the host, below a root that tests may put elsewhere. */
#ifndef FALCONCTL_ROOT_H
#define FALCONCTL_ROOT_H

#include <stdbool.h>
#include <stdio.h>

/* Default: the environment's FALCONCTL_ROOT, or "/". */
void root_set(const char *root);

bool root_exists(const char *path);

/* NULL, with errno set, if it cannot be opened. */
FILE *root_open(const char *path);

/* First line of a file without its newline, or NULL. buf is returned. */
char *root_line(const char *path, char *buf, size_t size);

/*
 * Call each() for each parameter of the kernel's command line, as the kernel's parse_args() finds
 * them: names with '_' for '-', without quotes, without the words for init. Return: false if the
 * command line cannot be read.
 */
bool root_cmdline(void (*each)(const char *parameter, void *data), void *data);

/* A file through gzip -dc. root_close_gzip() tells whether gzip understood all of it. */
FILE *root_open_gzip(const char *path);
bool root_close_gzip(FILE *file);

/*
 * Call each() for every path that matches the pattern, without the root, sorted, until it returns
 * false. Return: the number of such paths.
 */
size_t root_glob(const char *pattern, bool (*each)(const char *path, void *data), void *data);

#endif
