"""The report of a paper: Markdown and JSON, from the rows that are finished."""

from pathlib import Path

from tfgan.errors import InputError
from tfgan.files import markdown_table, write_json, write_text
from tfgan.reading import read_json, refusing
from tfgan.reproduce import beside, systems
from tfgan.reproduce.papers import PAPERS
from tfgan.reproduce.rows import TABLES, label

MINUTE = 60
REMEDY = "remove it, and its row is done again"

# What the Parzen estimate cannot tell, said in every report.
PARZEN = """\
The Parzen estimate rewards samples that lie between images as well as true ones: k-means centroids,
which are blurs, score above real images on MNIST, and a tenth of the real images scores far below
all of them. So it is never given alone. Beside it stand the accuracy of a small classifier of real
images on conditional samples (and on real test images), the mean distance to the nearest training
image (and that of real test images: copies would be far nearer), and the spread of samples over
that of real images (within a class, for conditional nets; 0 means that all are the same)."""


def read_rows(name, out):
    """Returns the finished rows of a paper in a folder, in the paper's order.

    Args:
        name: key of `PAPERS`.
        out: folder.

    Returns:
        list of dicts, as `tfgan.reproduce.engine` writes them.

    Raises:
        InputError: if a file is damaged.
    """
    places = {row.name: i for i, row in enumerate(PAPERS[name].rows)}
    found = []
    for file in sorted((Path(out) / "rows").glob("[!.]*.json")):
        row = read_json(file, REMEDY)
        if {"paper", "row", "seed", "epochs"} - row.keys() or not isinstance(row["row"], str):
            raise InputError(f"{file} is damaged: {REMEDY}.")
        if row["paper"] == name and row["row"] in places:
            with refusing(lambda reason, file=file: f"{file} is damaged ({reason}): {REMEDY}."):
                "\n".join(_parts(name, PAPERS[name], [row]))
            found.append(row)
    return sorted(found, key=lambda row: (places[row["row"]], row["seed"], row["epochs"] or 0))


def write(name, out):
    """Writes `report.md` and `report.json` of what is finished; returns the first's path.

    Args:
        name: key of `PAPERS`.
        out: folder.

    Raises:
        InputError: if a finished row's file is damaged.
    """
    out, paper, done = Path(out), PAPERS[name], read_rows(name, out)
    write_json(out / "report.json", {"paper": name, "title": paper.title, "rows": done})
    path = out / "report.md"
    parts = [*_parts(name, paper, done, out / "figures"), *_picture_of_systems(out, done)]
    write_text(path, "\n\n".join(parts) + "\n")
    return path


def _parts(name, paper, done, folder=None):
    """The sections of a report; of pictures those that are in a folder, all of them without one."""
    yield f"# {paper.title}, measured\n\n{paper.reference}. Made by `tfgan reproduce {name}`."
    if any(row["quick"] for row in done):
        yield "**Quick**: rows marked so were trained for a few epochs, to see that everything works."
    for table, title in TABLES.items():
        rows = [row for row in done if _table_of(row) == table]
        if rows:
            yield f"## {title}\n\n{LAYOUTS[table](paper, rows)}"
    yield from beside.claims(done)
    yield from beside.costs(done)
    if any("parzen" in row["results"] for row in done):
        yield f"## What these numbers cannot tell\n\n{PARZEN}"
    yield f"## How to repeat it\n\n{_commands(done)}"
    shown: set[str] = set()
    figures = [text for row in done if row.get("figures") for text in _figures(row, shown, folder)]
    if figures:
        yield "\n\n".join(["## Figures", *figures])


def _picture_of_systems(out, done):
    figure = systems.draw(out, done)
    if figure is not None:
        caption = "Samples of each system, not picked"
        yield f"## {caption}\n\n![{caption}](figures/{figure})"


def _table_of(row):
    """Numbers of other data never stand beside published ones."""
    other = row["table"] == "mnist" and not row.get("published_data", True)
    return "others" if other else row["table"]


def _parzen(row):
    parzen = row["results"].get("parzen")
    if parzen is None:
        return "-", "-"
    score = f"**{parzen['log_likelihood']:.1f} ± {parzen['standard_error']:.1f}**"
    return score, f"{parzen['sigma']:.3f}"


def _pair(row, metric, ours, real, digits):
    result = row["results"].get(metric)
    return f"{result[ours]:.{digits}f} / {result[real]:.{digits}f}" if result else "-"


def _distance(row):
    return _pair(row, "memorization", "fake_distance", "real_distance", 2)


def _coverage(row, text, *, needs="covered"):
    result = row["results"].get("coverage") or {}
    return "-" if result.get(needs) is None else text.format(**result)


_HEAD = [
    "system",
    "data",
    "published",
    "Parzen log-likelihood here (nats)",
    "sigma",
    "accuracy: samples / real",
    "distance: samples / real",
    "spread / real",
    "classes found",
    "epochs (measured)",
    "time",
]


def _mnist(paper, rows):
    unknown = ["-"] * (len(_HEAD) - 3)
    lines = [[system, "", number, *unknown] for system, number in paper.published_beside.items()]
    return _measured(lines, rows)


def _others(paper, rows):
    return _measured([], rows)


def _measured(lines, rows):
    for row in rows:
        lines.append(
            [
                label(row),
                row["data"],
                row["published"] or "-",
                *_parzen(row),
                _pair(row, "classifier", "fake_accuracy", "real_accuracy", 4),
                _distance(row),
                _coverage(row, "{spread:.2f}", needs="spread"),
                _coverage(row, "{covered} of {of}"),
                f"{row['epochs']} ({row['best_epoch'] or 'last'})",
                _minutes(row),
            ]
        )
    return "\n\n".join([markdown_table(_HEAD, lines), *_notes(rows), _protocols(rows)])


def _minutes(row):
    minutes = row["seconds"] / MINUTE
    return f"{minutes:.1f} min" if minutes < 10 else f"{minutes:.0f} min"


def _notes(rows):
    """One list of what is to say of rows, or nothing."""
    notes = dict.fromkeys(f"- {row['title']}: {row['note']}." for row in rows if row["note"])
    return ["\n".join(notes)] if notes else []


def _protocols(rows):
    """What each kind of number means, a line per metric and data."""
    lines = []
    for row in rows:
        data, r = row["data"], row["results"]
        if "parzen" in r:
            p = r["parzen"]["protocol"]
            lines.append(
                f"Parzen, {data}: {p['n_fake']} samples, sigma chosen on {p['sigma_chosen_on']}, mean "
                f"over {p['n_real']} {p['split']} images and its standard error, {p['features']}."
            )
        if "classifier" in r:
            p = r["classifier"]["protocol"]
            lines.append(
                f"Accuracy, {data}: {p['n_fake']} samples and {p['n_real']} {p['split']} images; "
                f"{p['classifier']}, {p['n_train']} images, seed {p['classifier_seed']}."
            )
        if "memorization" in r:
            p = r["memorization"]["protocol"]
            lines.append(
                f"Distance, {data}: mean of {p['n_fake']} samples and of {p['n_real']} {p['split']} "
                f"images to the nearest of {p['n_train']} training images, {r['memorization']['unit']}."
            )
        if "coverage" in r:
            p = r["coverage"]["protocol"]
            lines.append(
                f"Spread, {data}: {p['spread']}; {p['n_fake']} samples, {p['n_real']} {p['split']} "
                "images." + (f" Found: {p['modes']}." if "modes" in p else "")
            )
    return (
        "\n".join(f"- {line}" for line in dict.fromkeys(lines)) + "\n\nSamples are drawn with seed 0."
    )


def _references(paper, rows):
    head = ["samples", "how many", "data", "Parzen log-likelihood (nats)", "sigma"]
    head += ["distance: these / real test images"]
    lines = []
    for row in rows:
        count = row["results"]["parzen"]["protocol"]["n_fake"]
        lines.append([row["title"], f"{count:,}", row["data"], *_parzen(row), _distance(row)])
    return markdown_table(head, lines)


def _modes(paper, rows):
    head = [
        "data",
        "modes reached",
        "inside 3 sigma",
        "KL of modes (nats)",
        "spread / real",
        "collapse seen in epoch",
        "time",
    ]
    lines = []
    for row in rows:
        seen = row["collapse_seen_in_epoch"]
        lines.append(
            [
                label(row),
                _coverage(row, "**{covered} of {of}**"),
                _coverage(row, "{inside:.3f}"),
                _coverage(row, "{kl:.3f}", needs="kl"),
                _coverage(row, "{spread:.2f}"),
                "never" if seen is None else str(seen),
                _minutes(row),
            ]
        )
    return "\n\n".join([markdown_table(head, lines), *_notes(rows)])


def _tags(paper, rows):
    head = ["data", "right words of 10 found", "known tags among them", "at most", "most frequent tags"]
    head += ["chance", "epochs", "time"]
    lines = []
    for row in rows:
        r = row["results"]["tags"]
        lines.append(
            [
                label(row),
                f"**{r['right']:.3f}**" if "right" in r else "-",
                f"{r['precision']:.3f} ± {r['standard_error']:.3f}",
                f"{r['most_precision']:.3f}",
                f"{r['frequent_precision']:.3f}",
                f"{r['chance_precision']:.3f}",
                str(row["epochs"]),
                _minutes(row),
            ]
        )
    p = rows[0]["results"]["tags"]["protocol"]
    return markdown_table(head, lines) + (
        f"\n\n{p['n_real']} {p['split']} images, {p['draws']} word vectors drawn for each, the "
        f"{p['nearest']} words nearest to each by cosine, the {p['kept']} most frequent of these."
    )


def _theory(paper, rows):
    lines = [
        [row["title"], name, f"{value:.4f}"] for row in rows for name, value in row["results"].items()
    ]
    return markdown_table(["figure", "number", "value"], lines)


LAYOUTS = {
    "mnist": _mnist,
    "others": _others,
    "references": _references,
    "modes": _modes,
    "tags": _tags,
    "theory": _theory,
}


def _shared(row, done):
    """What to say of a row whose run a row before it has trained; of one run are equal curves."""
    curves = row.get("figures", {}).get("Training curves")
    if curves is None:
        return ""
    first = next(other for other in done if other.get("figures", {}).get("Training curves") == curves)
    return "" if first is row else f", of which all but a minute is row {first['row']}'s"


def _commands(done):
    machines = sorted({row["machine"] for row in done})
    lines = [f"- `{row['command']}`: {_minutes(row)}{_shared(row, done)}" for row in done]
    versions = done[0]["versions"] if done else {}
    return "\n".join(
        [
            *lines,
            "",
            f"Machine: {'; '.join(machines)}. "
            + ", ".join(f"{name} {version}" for name, version in versions.items())
            + ".",
        ]
    )


def _figures(row, shown, folder):
    """Headings and pictures of a row; each picture once, of rows that share a run."""
    files = {
        caption: file
        for caption, file in row["figures"].items()
        if file not in shown and (folder is None or (folder / file).is_file())
    }
    shown |= set(files.values())
    if not files:
        return []
    pictures = [f"{caption}:\n\n![{caption}](figures/{file})" for caption, file in files.items()]
    return [f"### {label(row)}", *pictures]
