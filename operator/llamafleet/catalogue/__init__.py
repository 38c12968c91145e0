"""What is known of models and GPUs: the figures that every sizing starts from, each with its source.

``models.json`` and ``gpus.json`` hold the figures, ``facts`` their types, ``precision`` the bytes of a
weight. This package computes nothing and knows no other part of the product but its errors.
"""

from llamafleet.catalogue.facts import Checkpoint, Experts, GpuFacts, ModelFacts
from llamafleet.catalogue.load import gpus, models
from llamafleet.catalogue.precision import PRECISIONS, Precision

__all__ = ["PRECISIONS", "Checkpoint", "Experts", "GpuFacts", "ModelFacts", "Precision", "gpus", "models"]
