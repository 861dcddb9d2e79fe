/* SPDX-License-Identifier: GPL-2.0 */
/* Values of keys, as typed. Each tells what is wrong, with the key, and returns an exit code. */
#ifndef FALCONCTL_VALUE_H
#define FALCONCTL_VALUE_H

#include "spec.h"

/* A whole number from min to max. */
int value_number(const char *key, const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* What an attribute that is a number or an enum takes. */
int value_parse(const struct spec_attr *spec, const char *text, uint64_t *value);

#endif
