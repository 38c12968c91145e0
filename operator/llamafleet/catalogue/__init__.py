"""What is known of models, GPUs and prices: the figures that every sizing starts from, each with its source.

``models.json``, ``gpus.json``, ``gpu-prices.csv`` and ``api-prices.csv`` hold the figures; ``facts``,
``prices`` and ``precision`` their types; ``override`` lays a user's own figures over them. This package
computes nothing but the lowest price, and knows no other part of the product but its errors.
"""

from llamafleet.catalogue.facts import Catalogue, Checkpoint, Experts, GpuFacts, ModelFacts
from llamafleet.catalogue.load import catalogue, gpus, models
from llamafleet.catalogue.override import CUSTOM_GPU, with_values
from llamafleet.catalogue.precision import FORMATS, PRECISIONS, Precision
from llamafleet.catalogue.prices import ApiPrice, GpuPrice

__all__ = [
    "CUSTOM_GPU",
    "FORMATS",
    "PRECISIONS",
    "ApiPrice",
    "Catalogue",
    "Checkpoint",
    "Experts",
    "GpuFacts",
    "GpuPrice",
    "ModelFacts",
    "Precision",
    "catalogue",
    "gpus",
    "models",
    "with_values",
]
