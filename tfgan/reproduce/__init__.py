"""The papers' tables and figures, trained and measured here: `tfgan reproduce gan2014|cgan2014`.

OUT/report.md, report.json   published and measured numbers side by side; rebuilt after every row
OUT/figures/                 what the report shows
OUT/rows/                    a JSON file per finished row: numbers, protocol, settings, machine
OUT/runs/                    the run directories; a row that was stopped goes on from its last epoch
"""

from tfgan.reproduce.engine import reproduce
from tfgan.reproduce.jobs import jobs, seconds
from tfgan.reproduce.papers import PAPERS

__all__ = ["PAPERS", "jobs", "reproduce", "seconds"]
