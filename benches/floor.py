#!/usr/bin/env python3
"""How far is isoproof above the least that its work takes?

    benches/floor.py [--times 5] [--pages 1000] [--runs 1000] [--collected 200] [PROGRAM]

Builds isoproof and `benches/floor` in the release profile (or takes PROGRAM), makes sites,
runs and pages in a temporary folder, and has the programs take turns. Prints a table of ratios:
each figure is the median over rounds of one whole process divided by the other of the same round.

- A site of pages of six kilobytes, with search index and check of links, beside the floor: each
  page parsed by pulldown-cmark, put into one Tera template and written, on all processors. Zola
  and mdBook build the same pages, with their search, where they are installed. The one run that
  isoproof needs is empty: runs have rows of their own. All of it lies in memory where there is
  such a folder: on a disk, a new file takes up to ten times as long where others were just removed.
- Runs without a page more: imported ones, and collected ones of four runtimes, beside `floor json`,
  which reads and parses their files by serde_json alone.
- Commands about runs, each beside `floor json` of the files that it reads.

CPU is user and system time of a process, memory its peak in one more run.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY = pathlib.Path("/dev/shm")


def words():
    stems = """kernel sandbox container runtime host guest capture proof latency boundary device
        memory process mount network bridge cgroup namespace seccomp capability image layer
        volume""".split()
    ends = "er ed ing s ion al ment ness able ly less ful".split()
    pairs = [f"{stem}-{other}" for stem in stems for other in stems]
    return stems + [stem + end for stem in stems for end in ends] + pairs


def page_texts(count):
    """Pages of six kilobytes: prose, tables, and terminal output with ids."""
    pick, known = random.Random(7), words()
    word = lambda: pick.choice(known)
    sentence = lambda: f"The {' '.join(word() for _ in range(13))}."
    for page in range(1, count + 1):
        text = f"# Page {page} of the {word()}\n\n"
        for _ in range(4):
            text += f"## The {word()} {word()}\n\n"
            text += " ".join(sentence() for _ in range(7)) + "\n\n"
            text += f"See [the page after](page-{page % count + 1}.md) and **{word()}**.\n\n"
            text += "| Name | Value |\n| --- | ---: |\n"
            text += "".join(f"| {word()} | {pick.randrange(1000)} |\n" for _ in range(4))
            text += "\n```console\n$ ctr task ls\n"
            for _ in range(4):
                text += f"{pick.getrandbits(128):032x} {pick.randrange(99999)} RUNNING\n"
            text += "```\n\n"
        yield f"page-{page}", text


def make_book(folder, count):
    """The pages as chapters of isoproof and mdBook, and for Zola with their titles apart."""
    (folder / "site").mkdir(parents=True)
    (folder / "book.toml").write_text('[book]\ntitle = "Benchmark"\nsrc = "site"\n')
    make_empty_run(folder)
    zola = folder / "zola"
    (zola / "content").mkdir(parents=True)
    (zola / "templates").mkdir()
    (zola / "config.toml").write_text(
        'base_url = "https://example.org"\ntitle = "Benchmark"\nbuild_search_index = true\n')
    (zola / "content/_index.md").write_text('+++\ntitle = "Benchmark"\n+++\n')
    template = "<!doctype html><title>{{ T.title }}</title><main>{{ T.content | safe }}</main>\n"
    (zola / "templates/index.html").write_text(template.replace("T", "section"))
    (zola / "templates/page.html").write_text(template.replace("T", "page"))
    summary = ""
    for name, text in page_texts(count):
        (folder / f"site/{name}.md").write_text(text)
        title, rest = text.split("\n", 1)
        rest = rest.replace("](page-", "](@/page-")
        (zola / f"content/{name}.md").write_text(f'+++\ntitle = "{title[2:]}"\n+++\n{rest}')
        summary += f"- [{title[2:]}]({name}.md)\n"
    (folder / "site/SUMMARY.md").write_text(summary)


def record_digest(run):
    """The digest of a run's record, as the program makes it: without it a copy is one that
    somebody changed, of which nothing is shown."""
    record = {key: value for key, value in run.items() if key not in ("digest", "label")}
    record["facts"] = {}
    record["captures"] = [
        {key: {"digest": value["digest"]} if key in ("stdout", "stderr") else value
         for key, value in capture.items()} for capture in run["captures"]]
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def make_empty_run(folder):
    """A run of which nothing is shown: the others have no runs, and isoproof builds none without."""
    (folder / "data/runs").mkdir(parents=True)
    runs = (json.loads(path.read_text()) for path in (ROOT / "data/runs").glob("*.json"))
    run = next(run for run in runs if "imported" in run["evidence"])
    run |= {"captures": [], "facts": {}, "targets": run["targets"][:1], "edition": None}
    run = {key: value for key, value in run.items() if value is not None}
    run["digest"] = record_digest(run)
    (folder / f"data/runs/{run['id']}.json").write_text(json.dumps(run, ensure_ascii=False))


def make_runs(folder, source, count):
    """Copies of a run that were recorded at other times: nothing else of a file tells them apart."""
    (folder / "data/runs").mkdir(parents=True)
    (folder / "book.toml").write_text('[book]\ntitle = "Benchmark"\n')
    run = json.loads(source.read_text())
    assert run["digest"] == record_digest(run), f"the digest of {source} is made otherwise"
    for n in range(count):
        at = time.gmtime(1700000000 + 3600 * n)
        run["id"] = time.strftime("%Y%m%dT%H%M%SZ", at) + f"-{n:08x}"
        run["created"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", at)
        run["digest"] = record_digest(run)
        text = json.dumps(run, ensure_ascii=False, indent=2)
        (folder / f"data/runs/{run['id']}.json").write_text(text + "\n")


def run(command, folder):
    """CPU and wall seconds of one process."""
    begun = time.monotonic()
    with open(folder / "output", "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    # `check` and `diff` say by 1 that they found something.
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, command))}\n{(folder / 'output').read_text()}")
    return usage.ru_utime + usage.ru_stime, wall


def peak_memory(command, folder):
    """The peak in kB, as GNU time has it: what Python started would count with Python's own."""
    report = folder / "memory"
    run(["/usr/bin/time", "-f", "%M", "-o", report, *command], folder)
    return int(report.read_text().split()[-1])


def take_turns(work, times, contestants, before=lambda: None):
    """The figures of each contestant in every round; the one before, for memory, warms up."""
    figures = {}
    for name, command in contestants.items():
        before()
        figures[name] = [peak_memory(command, work)]
    for _ in range(times):
        for name, command in contestants.items():
            before()
            figures[name].append(run(command, work))
    return figures


def ratios(figures, name, base):
    (memory, *each), (base_memory, *base_each) = figures[name], figures[base]
    cpu, wall = (
        statistics.median(one[kind] / max(other[kind], 1e-6) for one, other in zip(each, base_each))
        for kind in (0, 1))
    return cpu, wall, memory / base_memory


def print_row(what, figures, name, base):
    cpu, wall, memory = ratios(figures, name, base)
    print(f"| {what} | {base} | {cpu:.2f} | {wall:.2f} | {memory:.2f} |", flush=True)


def aside(work, *folders):
    """Puts finished sites aside: where many files were just removed, new ones take longer."""
    (work / "aside").mkdir(exist_ok=True)
    for folder in folders:
        shutil.rmtree(folder / ".isoproof/sites", ignore_errors=True)
        for out in ("public", "floor", "mdbook", "zola/public"):
            if (folder / out).exists():
                number = len(list((work / "aside").iterdir()))
                (folder / out).rename(work / "aside" / str(number))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--collected", type=int, default=200)
    parser.add_argument("program", nargs="?")
    asked = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    build = ["cargo", "build", "--release", "--quiet"]
    subprocess.run([*build, "--manifest-path", ROOT / "benches/floor/Cargo.toml",
                    "--target-dir", target / "floor"], check=True)
    if not asked.program:
        subprocess.run([*build, "--manifest-path", ROOT / "Cargo.toml"], check=True)
    program = pathlib.Path(asked.program or target / "release/isoproof").resolve()
    floor = target / "floor/release/floor"
    print("| what | held against | CPU | wall | memory |\n| --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        compare_sites(asked, program, floor)
        compare_runs(work, asked, program, floor)
        compare_commands(work, asked, program, floor)


def compare_sites(asked, program, floor):
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        compare_sites_in(pathlib.Path(name), asked, program, floor)


def compare_sites_in(work, asked, program, floor):
    book = work / "book"
    make_book(book, asked.pages)
    contestants = {
        "floor": [floor, "site", book / "site", book / "floor"],
        "isoproof": [program, "--project", book, "-q", "build"],
    }
    if shutil.which("zola"):
        contestants["Zola"] = ["zola", "--root", book / "zola", "build"]
    if shutil.which("mdbook"):
        contestants["mdBook"] = ["mdbook", "build", "--dest-dir", book / "mdbook", book]
    figures = take_turns(work, asked.times, contestants, lambda: aside(work, book))
    for other in contestants:
        if other != "floor":
            print_row(f"{other}, {asked.pages} pages", figures, other, "floor")
        if other not in ("floor", "isoproof"):
            print_row(f"isoproof, {asked.pages} pages", figures, "isoproof", other)


def compare_runs(work, asked, program, floor):
    # Of several of a kind the first with a digest, which is that of four runtimes.
    runs = {kind: path for path in sorted((ROOT / "data/runs").glob("*.json"), reverse=True)
            if "digest" in (run := json.loads(path.read_text())) for kind in run["evidence"]}
    for kind, count in (("imported", asked.runs), ("collected", asked.collected)):
        folder = work / kind
        make_runs(folder, runs[kind], count)
        files = sorted((folder / "data/runs").iterdir())
        contestants = {
            "floor json": [floor, "json", *files],
            "isoproof": [program, "--project", folder, "-q", "build"],
        }
        figures = take_turns(work, asked.times, contestants, lambda: aside(work, folder))
        print_row(f"isoproof, {count} {kind} runs", figures, "isoproof", "floor json")


def compare_commands(work, asked, program, floor):
    folder = work / "commands"
    shutil.copytree(work / "collected", folder, ignore=lambda path, names: [
        name for name in names if name == "public" or name.startswith(".")])
    files = sorted((folder / "data/runs").iterdir())
    for old in files[:-10]:
        old.unlink()
    files = files[-10:]
    commands = {
        "diff latest~1 latest": files[-2:],
        "check": files[-1:],
        "facts": files[-1:],
        "list": files,
        "explain proc.entries": [],
    }
    for words, read in commands.items():
        contestants = {
            "floor json": [floor, "json", *read],
            "isoproof": [program, "--project", folder, *words.split()],
        }
        figures = take_turns(work, 4 * asked.times, contestants)
        print_row(f"`{words}`", figures, "isoproof", "floor json")


if __name__ == "__main__":
    main()
