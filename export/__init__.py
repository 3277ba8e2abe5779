"""Turns a trained GAN's generator into files that run where tfgan is absent."""

from tfgan.export.comparison import Report
from tfgan.export.dataset import DatasetReport, dataset
from tfgan.export.onnx import onnx
from tfgan.export.saved_model import saved_model
from tfgan.export.statistics import statistics
from tfgan.export.tflite import tflite
from tfgan.export.verify import verify
from tfgan.export.web import web

__all__ = [
    "DatasetReport",
    "Report",
    "dataset",
    "onnx",
    "saved_model",
    "statistics",
    "tflite",
    "verify",
    "web",
]
