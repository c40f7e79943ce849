#!/usr/bin/env python3
"""Style: what can be checked of it without a compiler, with the reason and the replacement named.

style.py [ROOT]
"""
import os
import re
import shutil
import subprocess
import sys

COLUMNS = 100
TAB = 8
FUNCTION_LINES = 70
FILE_LINES = 600

# Functions that may be longer, and why: "path:function": lines.
LONGER = {}

BANNED = {
    "strcpy": "snprintf or memcpy, with the size",
    "strcat": "snprintf, with the size",
    "strncpy": "snprintf (it leaves no terminator) or memcpy",
    "strncat": "snprintf, with the size",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets or getline",
    "atoi": "strtol with its errors, or size_parse",
    "atol": "strtol with its errors",
    "atoll": "strtoll with its errors",
    "atof": "strtod with its errors",
    "strtok": "strtok_r or strcspn",
    "usleep": "clock_sleep_until, or wait for the event with a deadline",
    "sleep": "clock_sleep_until, or wait for the event with a deadline",
    "signal": "sigaction",
    "system": "fork and exec (proc_start), or posix_spawn",
    "popen": "fork and exec with a pipe, or posix_spawn",
    "tmpnam": "mkstemp, or memfd_create",
    "mktemp": "mkstemp",
    "tempnam": "mkstemp",
    "rand": "a seeded generator of the suite's own",
    "srand": "a seeded generator of the suite's own",
    "alloca": "a fixed array or malloc",
    "gettimeofday": "clock_ns (a wall clock steps)",
    "setjmp": "an error that travels up",
    "longjmp": "an error that travels up",
}
BANNED_CALL = re.compile(r"(?<![\w.>:])(?:std::)?(%s)\s*\(" % "|".join(BANNED))
MARKS = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]))
COMMENT_OR_STRING = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
FUNCTION_NAME = re.compile(r"(\w+)\s*\(")
OWN_INCLUDE = re.compile(r'#include "(?:[^"]*/)?(\w+)\.h"')

CODE = (".c", ".h", ".cc")
TEXT = CODE + (".py", ".sh", "meson.build", "meson_options.txt")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def files(root):
    for top in ("src", "bench", "tests", "scripts"):
        for directory, directories, names in os.walk(os.path.join(root, top)):
            directories[:] = [d for d in directories if d not in ("golden", "__pycache__")]
            for name in sorted(names):
                path = os.path.relpath(os.path.join(directory, name), root)
                if name.endswith(TEXT) or (top == "scripts" and "." not in name):
                    yield path


def check_lines(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        width = len(line.expandtabs(TAB))
        if width > COLUMNS:
            yield number, f"{width} columns, at most {COLUMNS}"
        mark = MARKS.search(line)
        if mark:
            yield number, f"{mark[1]}: do it, or open an issue"


def check_functions(path, code):
    """Linux braces: a function's are alone in the first column."""
    lines = code.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.rstrip(" \t;") == "}" and start:
            head = " ".join(lines[max(0, start - 6):start - 1])
            names = FUNCTION_NAME.findall(re.split(r"[;}]", head)[-1])
            # Without one it is a type.
            name = names[0] if names else None
            length = number - start + 1
            if name and length > LONGER.get(f"{path}:{name}", FUNCTION_LINES):
                yield start, f"{name} has {length} lines, at most {FUNCTION_LINES}: split it"
            start = None


def check_calls(path, code):
    for number, line in enumerate(code.splitlines(), 1):
        for match in BANNED_CALL.finditer(line):
            yield number, f"{match[1]}() is banned: use {BANNED[match[1]]}"


def check_head(path, text):
    """A head comment; for a file with a header of its own, the header has it."""
    start = text.lstrip()
    if start.startswith("#pragma once"):
        start = start[len("#pragma once"):].lstrip()
    if start.startswith(("/*", "//")):
        return
    own = OWN_INCLUDE.match(start)
    if path.endswith((".c", ".cc")) and own:
        if own[1] == os.path.basename(path).split(".")[0]:
            return
    yield 1, "no head comment: the idea, the protocol, how it fails"


def check_file(path, text):
    yield from check_lines(path, text)
    if not path.endswith(CODE):
        return
    code = COMMENT_OR_STRING.sub(blank, text)
    yield from check_functions(path, code)
    yield from check_calls(path, code)
    if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.M):
        yield 1, "no #pragma once"
    if path.startswith(("src/", "bench/")):
        yield from check_head(path, text)
        count = text.count("\n")
        if count > FILE_LINES:
            yield 1, f"{count} lines, at most {FILE_LINES}: a file is one noun"


def check_format(root, paths):
    tool = shutil.which("clang-format")
    if not tool:
        print("style: no clang-format here, the format is not checked")
        return []
    result = subprocess.run(
        [tool, "--dry-run", "-Werror", "--ferror-limit=1"] + paths, cwd=root,
        capture_output=True, text=True, check=False)
    bad = re.findall(r"^(\S+?):(\d+):\d+: error: (.*?) \[", result.stderr, re.M)
    return [f"{path}:{line}: {message} (clang-format -i {path})" for path, line, message in bad]


def check(root):
    findings, formatted = [], []
    for path in files(root):
        with open(os.path.join(root, path), encoding="utf-8") as source:
            text = source.read()
        findings += [f"{path}:{n}: {reason}" for n, reason in check_file(path, text)]
        if path.endswith(CODE):
            formatted.append(path)
    return findings + (check_format(root, formatted) if formatted else [])


PLANTED = {
    "wide": "/* a */\nint x; /* %s */\n" % ("a" * COLUMNS),
    "tabs": "/* a */\n%sint x;\n" % ("\t" * 13),
    "long": "/* a */\nint f(void)\n{\n%s\treturn 0;\n}\n" % ("\t;\n" * FUNCTION_LINES),
    "call": "/* a */\nint f(char *s)\n{\n\treturn atoi(s);\n}\n",
    "mark": "/* a */\nint x; /* %s */\n" % ("TO" + "DO"),
    "head": "int x;\n",
    "size": "/* a */\n" + "int x;\n" * FILE_LINES,
}
GOOD = '/* A: strcpy(). */\nint good(struct x *p)\n{\n\treturn p->signal(1), put("sleep(1)");\n}\n'


def self_test():
    for name, text in PLANTED.items():
        if not list(check_file(f"src/base/{name}.c", text)):
            sys.exit(f"style: the violation planted as '{name}' was not found")
    if not list(check_file("src/base/once.h", "/* a */\nint x;\n")):
        sys.exit("style: a header without #pragma once was not found")
    findings = list(check_file("src/base/good.c", GOOD))
    if findings:
        sys.exit(f"style: found where nothing was planted: {findings}")


def main():
    self_test()
    findings = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    for finding in findings:
        print(finding)
    print(f"style: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
