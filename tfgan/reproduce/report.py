"""The report of a paper: Markdown and JSON, from the rows that are finished."""

import json
from pathlib import Path

from tfgan.files import replacing, write_json
from tfgan.reproduce.papers import PAPERS
from tfgan.reproduce.rows import TABLES

MINUTE = 60

# What the Parzen estimate cannot tell, said in every report.
PARZEN = """\
The Parzen estimate rewards samples that lie between images as well as true ones: k-means centroids,
which are blurs, score above real images, and a tenth of the real images scores far below all of
them. So it is never given alone. Beside it stand the accuracy of a small classifier of real images
on conditional samples (and on real test images), the mean distance to the nearest training image
(and that of real test images: copies would be far nearer), and the spread of samples over that of
real images (within a class, for conditional nets; 0 means that all are the same)."""


def read_rows(out):
    """Returns the finished rows of a folder, dicts as `tfgan.reproduce.engine` writes them."""
    files = sorted((Path(out) / "rows").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def write(name, out):
    """Writes `report.md` and `report.json` of what is finished; returns the first's path.

    Args:
        name: key of `PAPERS`.
        out: folder.
    """
    out = Path(out)
    paper = PAPERS[name]
    order = {row.name: i for i, row in enumerate(paper.rows)}
    done = [row for row in read_rows(out) if row["paper"] == name]
    done.sort(key=lambda row: (order.get(row["row"], len(order)), row["seed"], row["epochs"] or 0))
    write_json(out / "report.json", {"paper": name, "title": paper.title, "rows": done})
    path = out / "report.md"
    with replacing(path) as temporary:
        temporary.write_text("\n\n".join(_parts(name, paper, done)) + "\n", encoding="utf-8")
    return path


def _parts(name, paper, done):
    yield f"# {paper.title}, measured\n\n{paper.reference}. Made by `tfgan reproduce {name}`."
    if any(row["quick"] for row in done):
        yield "**Quick**: rows marked so were trained for a few epochs, to see that everything works."
    for table, title in TABLES.items():
        rows = [row for row in done if row["table"] == table]
        if rows:
            yield f"## {title}\n\n{LAYOUTS[table](paper, rows)}"
        if table == "references" and rows:
            yield PARZEN
    yield f"## How to repeat it\n\n{_commands(done)}"
    figures = "\n\n".join(_figures(row) for row in done if row.get("figures"))
    if figures:
        yield f"## Figures\n\n{figures}"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _label(row):
    text = row["title"]
    truncation = row["results"].get("sampling", {}).get("truncation")
    if truncation:
        text += f" by {truncation}"
    if row["epochs"] is None:
        return text
    text += f", seed {row['seed']}"
    if row["quick"]:
        text += f" (**quick: {row['epochs']} of {row['of_epochs']} epochs**)"
    elif row["epochs"] != row["of_epochs"]:
        text += f" (**{row['epochs']} of {row['of_epochs']} epochs**)"
    return text


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


def _coverage(row, text):
    result = row["results"].get("coverage")
    return text.format(**result) if result and "covered" in result else "-"


_HEAD = [
    "system",
    "published",
    "Parzen log-likelihood here (nats)",
    "sigma",
    "accuracy: samples / real",
    "distance: samples / real",
    "spread",
    "classes",
    "epochs (best)",
    "time",
]


def _mnist(paper, rows):
    unknown = ["-"] * (len(_HEAD) - 2)
    lines = [[system, number, *unknown] for system, number in paper.published_beside.items()]
    return _measured(lines, rows)


def _others(paper, rows):
    return _measured([], rows)


def _measured(lines, rows):
    for row in rows:
        lines.append(
            [
                _label(row),
                row["published"] or "-",
                *_parzen(row),
                _pair(row, "classifier", "fake_accuracy", "real_accuracy", 4),
                _distance(row),
                f"{row['results']['coverage']['spread']:.2f}",
                _coverage(row, "{covered} of {of}"),
                f"{row['epochs']} ({row['best_epoch'] or 'last'})",
                f"{row['seconds'] / MINUTE:.0f} min",
            ]
        )
    notes = [f"- {row['title']}: {row['note']}." for row in rows if row["note"]]
    return "\n\n".join([_table(_HEAD, lines), "\n".join(dict.fromkeys(notes)), _protocol(rows)])


def _protocol(rows):
    p = rows[0]["results"]["parzen"]["protocol"]
    return (
        f"Data: {rows[0]['data']}. Parzen: {p['n_fake']} samples, sigma chosen on "
        f"{p['sigma_chosen_on']}, mean over {p['n_real']} {p['split']} images and its standard error, "
        f"{p['features']}."
    )


def _references(paper, rows):
    head = ["samples", "Parzen log-likelihood (nats)", "sigma", "distance: these / real test images"]
    return _table(head, [[_label(row), *_parzen(row), _distance(row)] for row in rows])


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
                _label(row),
                _coverage(row, "**{covered} of {of}**"),
                _coverage(row, "{inside:.3f}"),
                _coverage(row, "{kl:.3f}"),
                _coverage(row, "{spread:.2f}"),
                "never" if seen is None else str(seen),
                f"{row['seconds'] / MINUTE:.1f} min",
            ]
        )
    notes = [f"- {row['title']}: {row['note']}." for row in rows if row["note"]]
    return "\n\n".join([_table(head, lines), *(["\n".join(notes)] if notes else [])])


def _tags(paper, rows):
    head = ["data", "right words of 10 found", "known tags among them", "at most", "most frequent tags"]
    head += ["chance", "epochs", "time"]
    lines = []
    for row in rows:
        r = row["results"]["tags"]
        lines.append(
            [
                _label(row),
                f"**{r['right']:.3f}**" if "right" in r else "-",
                f"{r['precision']:.3f} ± {r['standard_error']:.3f}",
                f"{r['most_precision']:.3f}",
                f"{r['frequent_precision']:.3f}",
                f"{r['chance_precision']:.3f}",
                str(row["epochs"]),
                f"{row['seconds'] / MINUTE:.0f} min",
            ]
        )
    p = rows[0]["results"]["tags"]["protocol"]
    return _table(head, lines) + (
        f"\n\n{p['n_real']} {p['split']} images, {p['draws']} word vectors drawn for each, the "
        f"{p['nearest']} words nearest to each by cosine, the {p['kept']} most frequent of these."
    )


def _theory(paper, rows):
    lines = [
        [row["title"], name, f"{value:.4f}"] for row in rows for name, value in row["results"].items()
    ]
    return _table(["figure", "number", "value"], lines)


LAYOUTS = {
    "mnist": _mnist,
    "others": _others,
    "references": _references,
    "modes": _modes,
    "tags": _tags,
    "theory": _theory,
}


def _commands(done):
    machines = sorted({row["machine"] for row in done})
    lines = [f"- `{row['command']}`: {row['seconds'] / MINUTE:.1f} min" for row in done]
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


def _figures(row):
    parts = [f"### {_label(row)}"]
    parts += [f"{caption}:\n\n![{caption}](figures/{file})" for caption, file in row["figures"].items()]
    return "\n\n".join(parts)
