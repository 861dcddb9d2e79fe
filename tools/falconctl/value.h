/* SPDX-License-Identifier: GPL-2.0 */
/* Parse typed values of keys. Return: an exit code, after an error message with the key. */
#ifndef FALCONCTL_VALUE_H
#define FALCONCTL_VALUE_H

#include "spec.h"

/* A whole number from min to max. */
int value_number(const char *key, const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* The value of an attribute that is a number or an enum. */
int value_parse(const struct spec_attr *spec, const char *text, uint64_t *value);

#endif
