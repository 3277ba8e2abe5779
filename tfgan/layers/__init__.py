"""Layers that GAN papers use and Keras does not have."""

from tfgan.layers.batch import ConditionalBatchNormalization, MinibatchStdDev
from tfgan.layers.dropout import Dropout
from tfgan.layers.kernels import SparseNormal, column_norm
from tfgan.layers.maxout import Maxout, MaxoutConv2D
from tfgan.layers.pixels import ContrastNormalization, PixelBias
from tfgan.layers.resampling import BlurDownsampling, BlurUpsampling, NearestUpsampling
from tfgan.layers.spectral import SpectralNormalization

__all__ = [
    "BlurDownsampling",
    "BlurUpsampling",
    "ConditionalBatchNormalization",
    "ContrastNormalization",
    "Dropout",
    "Maxout",
    "MaxoutConv2D",
    "MinibatchStdDev",
    "NearestUpsampling",
    "PixelBias",
    "SparseNormal",
    "SpectralNormalization",
    "column_norm",
]
