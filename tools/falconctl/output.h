/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One call prints text or JSON: each out_*() takes the key of the value for JSON and its format for
 * text. A NULL key makes the value an element of an array; a NULL format leaves it out of the text.
 * So text and JSON cannot differ.
 */
#ifndef FALCONCTL_OUTPUT_H
#define FALCONCTL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void out_set_json(bool json);
bool out_is_json(void);

/* Documents go to stdout, except between out_to(stderr) and out_to(stdout). */
void out_to(FILE *file);

void out_object(const char *key);
void out_object_end(void);
void out_array(const char *key);
void out_array_end(void);

/* fmt formats one string ("%s"). Control characters never reach a terminal. */
void out_string(const char *key, const char *fmt, const char *value);

/* fmt formats one uint64_t ("%" PRIu64). */
void out_uint(const char *key, const char *fmt, uint64_t value);

/* yes, no: the text for true and for false. */
void out_bool(const char *key, const char *yes, const char *no, bool value);
void out_null(const char *key);

/* Text only: headings, blanks, placeholders, ends of lines. */
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Text only, wrapped at the terminal's usual width, each line indented. */
void out_wrap(unsigned int indent, const char *text);

/* The document is complete. Return: 0, or an errno if it could not be written. */
int out_finish(void);

#endif
