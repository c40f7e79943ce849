#!/usr/bin/env python3
"""The page in a browser: sorts, filters, says nothing on the console, loads nothing.

chromium.py MAKE_SYNTHETIC

The checks run as a script of a copy of the page, which writes what it found into the page; the
browser dumps that.
"""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

CHECKS = """
<script>
'use strict';
const found = {errors: [], sorts: []};
addEventListener('error', event => found.errors.push(event.message));
addEventListener('securitypolicyviolation', event => found.errors.push(event.blockedURI));
addEventListener('load', () => {
  const table = document.querySelector('table.results');
  const column = name => [...table.tHead.rows[0].cells].find(
    cell => cell.textContent.trim() === name);
  const values = head => [...table.tBodies[0].rows].map(row => {
    const cell = row.cells[head.cellIndex];
    return cell.dataset.v === undefined ? cell.textContent
      : cell.dataset.v === '' ? null : Number(cell.dataset.v);
  });
  for (const name of ['median', 'p99', 'subject']) {
    const head = column(name);
    for (const order of ['ascending', 'descending']) {
      head.querySelector('button').click();
      found.sorts.push({name, order, aria: head.getAttribute('aria-sort'),
        values: values(head), marked: table.querySelectorAll(
          'th[aria-sort=ascending], th[aria-sort=descending]').length});
    }
  }
  const filter = document.querySelector('input[type=search]');
  filter.value = 'SHM_spin same_pu';
  filter.dispatchEvent(new Event('input'));
  found.shown = [...document.querySelectorAll('table.results tbody tr')]
    .filter(row => !row.hidden).map(row => row.textContent);
  found.figures = document.querySelectorAll('figure svg').length;
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  found.doubles = ids.filter((id, index) => ids.indexOf(id) !== index);
  found.loaded = performance.getEntriesByType('resource').map(entry => entry.name);
  found.wide = document.documentElement.scrollWidth > innerWidth;
  const result = document.createElement('pre');
  result.id = 'found';
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
</script>
"""


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def browse(browser, directory, page):
    """The page as the browser has it after its scripts, and what it said."""
    run = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={directory}/profile", "--enable-logging=stderr",
         "--window-size=1280,900", "--virtual-time-budget=5000", "--dump-dom",
         f"file://{page}"],
        capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout, run.stderr


def check_sort(sort):
    values = [value for value in sort["values"] if value is not None]
    where = f'{sort["name"]} {sort["order"]}'
    assert sort["aria"] == sort["order"] and sort["marked"] == 1, where
    assert len(values) > 20, where
    # What has no figure stands at the end in both orders.
    assert sort["values"][:len(values)] == values, where
    if isinstance(values[0], str):
        ends = values[0].lower(), values[-1].lower()
        assert ends == tuple(sorted(ends, reverse=sort["order"] == "descending")), where
    else:
        assert values == sorted(values, reverse=sort["order"] == "descending"), where


def main():
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        skip("chromium is not installed")
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.argv[1], directory], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(directory, "report.html"), encoding="utf-8") as file:
            text = file.read()
        page = os.path.join(directory, "checked.html")
        with open(page, "w", encoding="utf-8") as file:
            file.write(text.replace("</head>", CHECKS + "</head>", 1))
        dom, said = browse(browser, directory, page)
    console = [line for line in said.splitlines() if "CONSOLE" in line]
    assert not console, console
    result = re.search(r'<pre id="found">(.*?)</pre>', dom, re.S)
    assert result, "the page's own script did not run to its end"
    found = json.loads(html.unescape(result[1]))
    assert not found["errors"], found["errors"]
    assert not found["loaded"], found["loaded"]
    assert not found["doubles"], found["doubles"][:10]
    assert not found["wide"], "the page scrolls sideways"
    for sort in found["sorts"]:
        check_sort(sort)
    assert found["shown"] and all("shm_spin" in row and "same_pu" in row
                                  for row in found["shown"]), found["shown"]
    if shutil.which("gnuplot"):
        assert found["figures"] >= 8, found["figures"]
    print(f'{len(found["sorts"])} sorts, {found["figures"]} plots, nothing loaded, nothing said')


if __name__ == "__main__":
    main()
