#pragma once
/* What the user should know while the program works: one line each, to stderr. */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO };

void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
