"""How a config.json says that the weights are stored: bits, scales, and which layers.

The methods are those of vLLM 0.32 whose bytes are known here; what it cannot serve is refused and told why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from llamafleet.catalogue import Precision
from llamafleet.catalogue.precision import FORMATS
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint.fields import Section, shown
from llamafleet.planning.sizing.checkpoint.formats import floats, integers, scale_group, served_bits
from llamafleet.planning.sizing.checkpoint.linears import LM_HEAD, VISION, Linear
from llamafleet.planning.sizing.checkpoint.patterns import EVERY, layers

KEY: Final = "quantization_config"

GONE: Final = frozenset({"bitsandbytes", "aqlm", "gguf"})
"""Methods that people ask for and that are not among those that vLLM 0.32 lists when it meets one."""

UNREADABLE_PATTERN: Final = (
    "must be made of letters, dots, .* and numbers such as [0-9]+; or give the safetensors index, whose "
    "tensors tell without any pattern which layers are quantized"
)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How quantized weights are stored, and which weights those are.

    Attributes:
        precision: bytes per quantized weight.
        config: the part of the file that says so.
        targets: the layers that are meant, as the file lists them.
        ignored: the layers that are left out after all.
    """

    precision: Precision
    config: Section
    targets: tuple[str, ...]
    ignored: tuple[str, ...]

    def quantized(self, linears: tuple[Linear, ...]) -> frozenset[str]:
        """The names of the layers that are quantized, by the lists of the file.

        A router never is: vLLM builds it without quantization, whatever the lists say.

        Raises:
            InvalidSpec: a list has a pattern that cannot be read.
        """
        try:
            targets, ignored = layers(self.targets), layers(self.ignored)
        except ValueError as error:
            field = f"a pattern of {KEY} in {self.config.file}"
            raise InvalidSpec(field, shown(str(error)), UNREADABLE_PATTERN) from error
        return frozenset(
            linear.name
            for linear in linears
            if linear.group != "router" and linear in targets and linear not in ignored
        )


def scheme(config: Section) -> Scheme | None:
    """How the file says that the weights are stored; None when nothing is quantized.

    Raises:
        InvalidSpec: vLLM cannot serve weights that are stored so, or their size is not known.
    """
    found = config.section(KEY)
    if found is None:
        return None
    method = found.text("quant_method").lower().replace("compressed_tensors", "compressed-tensors")
    if method in GONE:
        found.refuse("quant_method", f"must be one of {', '.join(METHODS)}: vLLM 0.32 has no {method}")
    if method not in METHODS:
        found.refuse("quant_method", f"must be one of {', '.join(METHODS)}, whose sizes are known")
    return METHODS[method](found)


def _compressed_tensors(found: Section) -> Scheme:
    """The format of llm-compressor."""
    _check_sparsity(found)
    groups = found.section("config_groups")
    parts = [groups.section(name) for name in groups.content] if groups else []
    weights = [(part, part.section("weights")) for part in parts if part]
    quantized = [(part, stored) for part, stored in weights if stored]
    if not quantized:
        found.refuse("config_groups", "must say how weights are stored")
    precisions = [_compressed_precision(stored) for _, stored in quantized]
    if len({(precision.name, precision.bytes) for precision in precisions}) > 1:
        found.refuse("config_groups", "must store all quantized weights alike: a mix cannot be sized")
    targets = tuple(target for part, _ in quantized for target in part.texts("targets"))
    return Scheme(precisions[0], found, targets or (EVERY,), found.texts("ignore"))


def _check_sparsity(found: Section) -> None:
    sparsity = found.section("sparsity_config")
    if sparsity and sparsity.text("format", "dense") != "dense":
        sparsity.refuse("format", "must be dense: the size of sparse weights is not known")


def _compressed_precision(stored: Section) -> Precision:
    bits = served_bits(stored, "num_bits")
    kind = stored.text("type", "int")
    group = scale_group(stored) if stored.text("strategy", "group") in {"group", "tensor_group"} else None
    if kind == "float":
        return floats(bits, group)
    if kind != "int":
        stored.refuse("type", "must be int or float")
    return integers(bits, group, zero_points=not stored.flag("symmetric", default=True))


def _fp8(found: Section) -> Scheme:
    """FP8 as vLLM and Meta (FBGEMM) store it. The output head never is, and the file does not say so."""
    ignored = (*found.texts("modules_to_not_convert"), *found.texts("ignored_layers"), LM_HEAD)
    return Scheme(FORMATS["fp8"], found, (EVERY,), ignored)


def _awq(found: Section) -> Scheme:
    """AWQ quantizes the language model's layers only."""
    precision = _packed(found, zero_points=found.flag("zero_point", default=True))
    ignored = (*found.texts("modules_to_not_convert"), LM_HEAD, *VISION.values())
    return Scheme(precision, found, (EVERY,), ignored)


def _gptq(found: Section) -> Scheme:
    """GPTQ, likewise. It stores zero points even where they are all the same."""
    dynamic = found.section("dynamic")
    if dynamic and dynamic.content:
        found.refuse("dynamic", "must be empty: layers that are stored differently cannot be sized")
    head = () if found.flag("lm_head", default=False) else (LM_HEAD,)
    ignored = (*found.texts("modules_to_not_convert"), *head, *VISION.values())
    return Scheme(_packed(found, zero_points=True), found, (EVERY,), ignored)


def _packed(found: Section, *, zero_points: bool) -> Precision:
    """The integers of AWQ and GPTQ."""
    return integers(served_bits(found, "bits"), scale_group(found), zero_points=zero_points)


def _modelopt(found: Section) -> Scheme:
    """NVIDIA's format, FP8 or NVFP4."""
    algorithm = found.text("quant_algo")
    formats = {"FP8": FORMATS["fp8"], "NVFP4": FORMATS["nvfp4"]}
    if algorithm not in formats:
        found.refuse("quant_algo", f"must be {' or '.join(formats)}, whose sizes are known")
    ignored = (*found.texts("ignore"), *found.texts("exclude_modules"), LM_HEAD)
    return Scheme(formats[algorithm], found, (EVERY,), ignored)


METHODS: Final[Mapping[str, Callable[[Section], Scheme]]] = {
    "compressed-tensors": _compressed_tensors,
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "awq": _awq,
    "gptq": _gptq,
    "modelopt": _modelopt,
    "modelopt_fp4": _modelopt,
}
"""The methods by the names that checkpoints give them."""
