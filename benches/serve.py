#!/usr/bin/env python3
"""How long does a page take from the write of its source to the browser's reload under `serve`?

    benches/serve.py [--times 15] [--pages 1000 5000] [PROGRAM...]

Makes a book as `benches/floor.py` does, and for each program (by default the release build) has
`isoproof serve` serve it and asks it for the next build as an open page does, by a long poll. Then
one line of one chapter is written, and the time is taken until the answer is there, which has the
page reload. What `serve` waits for, lest it builds between two steps of an editor, is 40 ms of it
(`QUIET` in `src/serve/watch.rs`); the table gives the rest: median, least and most. Processor time
is that of the server for one such change.
"""

import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import floor

QUIET_MS = 40


def ask_state(port, seen):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/-isoproof/state?since={seen}")
    return json.loads(connection.getresponse().read())


def wait_for_reload(port, site):
    """Waits as `templates/serve/live.js` does."""
    state = {"build": site, "site": site}
    while state["site"] == site:
        state = ask_state(port, state["build"])
    return state["site"], time.monotonic()


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_changes(program, book, times):
    """The milliseconds of each change, and the processor milliseconds of one."""
    command = [program, "--project", book, "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(server.stdout.readline().strip().rstrip("/").rsplit(":", 1)[1])
        site = ask_state(port, 0)["site"]
        page = book / "site/page-7.md"
        text, waited = page.read_text(), []
        used = processor_seconds(server.pid)
        for change in range(times):
            answer = []
            asking = threading.Thread(target=lambda: answer.append(wait_for_reload(port, site)))
            asking.start()
            # The question has to be there before the change.
            time.sleep(0.3)
            page.write_text(f"{text}\nChange {change}.\n")
            written = time.monotonic()
            asking.join()
            site, reloaded = answer[0]
            waited.append(1000 * (reloaded - written) - QUIET_MS)
        used = 1000 * (processor_seconds(server.pid) - used) / times
        page.write_text(text)
        return waited, used
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--pages", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("programs", nargs="*", default=[floor.ROOT / "target/release/isoproof"])
    asked = parser.parse_args()
    print("| program | pages | median | least | most | processor time |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for pages in asked.pages:
        with tempfile.TemporaryDirectory() as name:
            book = pathlib.Path(name)
            floor.make_book(book, pages)
            for program in asked.programs:
                program = pathlib.Path(program).resolve()
                waited, used = measure_changes(program, book, asked.times)
                figures = [statistics.median(waited), min(waited), max(waited), used]
                row = " | ".join(f"{figure:.0f} ms" for figure in figures)
                print(f"| {program.name} | {pages} | {row} |", flush=True)


if __name__ == "__main__":
    main()
