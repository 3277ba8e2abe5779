"""Turns a trained GAN's generator into files that run where tfgan is absent."""

from tfgan.export.dataset import DatasetReport, dataset
from tfgan.export.saved_model import saved_model
from tfgan.export.tflite import tflite
from tfgan.export.verify import Report, verify

__all__ = ["DatasetReport", "Report", "dataset", "saved_model", "tflite", "verify"]
