#include "report/svg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/file.h"
#include "result/own.h"

/* Length of the UTF-8 sequence at the text, 0 when it is none. */
static size_t sequence_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80    ? 1
			: text[0] < 0xc2  ? 0
			: text[0] < 0xe0  ? 2
			: text[0] < 0xf0  ? 3
			: text[0] <= 0xf4 ? 4
					  : 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void html_escape(FILE *out, const char *text)
{
	while (*text) {
		size_t length = sequence_length((const unsigned char *)text);
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else if (*text == '\'')
			fputs("&#39;", out);
		else if (length == 0 || ((unsigned char)*text < ' ' && *text != '\n'))
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
}

struct replacement {
	const char *from, *to; /* `to` goes before NAME and `after` behind it */
	const char *after;
};

/* Names that gnuplot gives in every file. */
static const struct replacement names[] = {
	{"id='gp", "id='", "_gp"},
	{"href='#gp", "href='#", "_gp"},
	{"id=\"gnuplot_canvas\"", "id=\"", "_canvas\""},
	{"id='textbox'", "id='", "_textbox'"},
	{"id='greybox'", "id='", "_greybox'"},
	{"url(#textbox)", "url(#", "_textbox)"},
	{"url(#greybox)", "url(#", "_greybox)"},
};

static const struct replacement *replacement_at(const char *text)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(text, names[i].from, strlen(names[i].from)) == 0)
			return &names[i];
	return NULL;
}

int svg_label(const char *path, const char *name, const char *title, const char *caption1,
	const char *caption2)
{
	_cleanup_(freep) char *text = NULL, *done = NULL, *dir = own_string(path);
	size_t size, done_size = 0;
	int r = file_read(path, &text, &size);

	if (r < 0)
		return trace(r);
	char *slash = strrchr(dir, '/'), *title_at = strstr(text, "<title>");
	char *rest = title_at ? strstr(title_at, "</desc>") : NULL;
	if (!slash || !rest)
		return fail(-EINVAL, "%s: not an SVG file of gnuplot", path);
	FILE *out = own(open_memstream(&done, &done_size));
	fwrite(text, 1, (size_t)(title_at - text), out);
	fputs("<title>", out);
	html_escape(out, title);
	fputs("</title>\n<desc>", out);
	html_escape(out, caption1);
	fputs(" ", out);
	html_escape(out, caption2);
	while (*rest) {
		const struct replacement *replacement = replacement_at(rest);
		if (replacement)
			fprintf(out, "%s%s%s", replacement->to, name, replacement->after);
		else
			fputc(*rest, out);
		rest += replacement ? strlen(replacement->from) : 1;
	}
	if (fclose(out) != 0)
		own(NULL);
	*slash = '\0';
	return trace(file_write(dir, slash + 1, done, done_size));
}
