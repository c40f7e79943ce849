#pragma once
/*
 * gnuplot's SVG files, made fit to stand in a page: a title and a description for readers who
 * cannot see the picture, and names of its own in each, so that several fit into one page.
 */
#include <stdio.h>

/* Rewrites the file. A negative errno with what failed. */
int svg_label(const char *path, const char *name, const char *title, const char *caption1,
	const char *caption2);

/* Writes the text with &, <, > and quotes escaped, for HTML and XML alike. Bytes that are no
 * text there become '?'. */
void html_escape(FILE *out, const char *text);
