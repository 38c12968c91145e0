"""What a checkpoint's own files say of it: its config.json and its safetensors index override the catalogue.

Pure: the files are read elsewhere. Both are somebody's input, so that nothing in them is believed before it
was looked at, and whatever is wrong with one ends in an ``InvalidSpec`` that names the key.
"""

from llamafleet.planning.sizing.checkpoint.reading import CONFIG, INDEX, OwnWeights, read_checkpoint

__all__ = ["CONFIG", "INDEX", "OwnWeights", "read_checkpoint"]
