"""The models of the catalogue for people: a list of all, or one with every figure and its source."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from llamafleet.catalogue import PRECISIONS, Catalogue, Checkpoint, ModelFacts
from llamafleet.cli.catalogue_document import (
    bytes_per_weight,
    format_name,
    kv_bytes,
    quantized,
    splits,
    weights,
)
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, in_columns
from llamafleet.planning.sizing.words import gib

KIB: Final = 2**10


def draw_models(known: Catalogue, console: Console) -> None:
    """Every model in a line: what its checkpoints weigh, what a token takes, and how it can be split."""
    console.print("Weights in GiB by precision, vision included; KV cache in KiB per token, bfloat16.")
    console.print()
    headers = ("variant", "context", *PRECISIONS, "KV", "tensor parallel")
    rows = map(_line, known.models.values())
    console.print(in_columns(rows, headers, right=len(PRECISIONS) + 2, whole={0}))
    draw_heading(console, "What to know")
    draw_list(console, _shared(_notes(known)))
    draw_heading(console, "Announced, never released")
    draw_list(console, _shared((reason, name) for name, reason in known.unreleased.items()))
    console.print()
    console.print(
        "llamafleet models VARIANT shows every figure of one with its source; -o json, all of them."
    )


def _line(model: ModelFacts) -> Sequence[str]:
    published = [model.checkpoints.get(name) for name in PRECISIONS]
    sizes = ["-" if one is None else gib(weights(model, one)) for one in published]
    return model.variant, f"{model.max_positions:,}", *sizes, _kib(model), _sizes(splits(model))


def draw_model(known: Catalogue, variant: str, console: Console) -> None:
    """One model with everything that is known of it, or why it cannot be served."""
    if variant not in known.models:
        console.print(f"{variant}: announced, never released.")
        console.print(f"{known.unreleased[variant]}.")
        return
    model = known.models[variant]
    console.print(f"{variant}: {model.name}")
    if model.caveat:
        console.print(model.caveat)
    _draw_architecture(model, console)
    _draw_parameters(model, console)
    draw_heading(console, "Source of the figures above")
    draw_below(console, Text(model.source))
    for name, checkpoint in model.checkpoints.items():
        _draw_checkpoint(model, name, checkpoint, console)


def _draw_architecture(model: ModelFacts, console: Console) -> None:
    draw_heading(console, "Architecture")
    draw_below(console, in_columns(_architecture(model)))


def _architecture(model: ModelFacts) -> Iterator[tuple[str, str]]:
    yield "longest context", f"{model.max_positions:,} tokens"
    yield "layers", _layers(model)
    yield "heads", f"{model.attention_heads} query, {model.kv_heads} key-value, {model.head_dim} wide"
    yield "width", f"{model.hidden_size:,}"
    if model.experts:
        experts = model.experts
        yield (
            "experts",
            f"{experts.count} in each of {experts.layers} layers, {experts.intermediate_size:,} wide",
        )
    yield "reads images", "yes" if model.sees else "no"
    if model.sees:
        yield "text-only server", f"{'leaves out' if model.drops_vision else 'loads'} the vision part"
    yield "KV cache", f"{_kib(model)} KiB per token in bfloat16{_beyond_chunk(model)}"
    yield "tensor parallel", f"{_sizes(splits(model))}: powers of two that divide the heads"


def _layers(model: ModelFacts) -> str:
    kinds = [f"{model.full_attention_layers} full attention"]
    if model.chunked_attention_layers:
        kinds.append(f"{model.chunked_attention_layers} in chunks of {model.attention_chunk:,} tokens")
    if model.cross_attention_layers:
        kinds.append(f"{model.cross_attention_layers} that look at images and keep nothing of a text token")
    return ", ".join(kinds)


def _draw_parameters(model: ModelFacts, console: Console) -> None:
    draw_heading(console, "Parameters")
    counts = {**model.parameters, "all": sum(model.parameters.values())}
    rows = [(group, f"{count:,}") for group, count in counts.items()]
    draw_below(console, in_columns(rows, ("group", "count"), right=1))
    if model.tied_embeddings:
        draw_below(console, Text("The token embedding serves as the output head as well."))


def _draw_checkpoint(model: ModelFacts, name: str, checkpoint: Checkpoint, console: Console) -> None:
    draw_heading(console, f"{name}: {checkpoint.repository}")
    stored = f"{format_name(checkpoint)}, bytes of a quantized weight: {bytes_per_weight(checkpoint)}"
    rows = [
        ("weights", f"{gib(weights(model, checkpoint))} GiB{_without_vision(model, checkpoint)}"),
        ("format", stored),
        ("quantized", ", ".join(quantized(checkpoint)) or "nothing"),
        ("source", checkpoint.source),
    ]
    if splits(model, checkpoint) != splits(model):
        whole = "so that every GPU has whole groups of weights with their scales"
        rows.insert(-1, ("tensor parallel", f"{_sizes(splits(model, checkpoint))}, {whole}"))
    draw_below(console, in_columns(rows))


def _without_vision(model: ModelFacts, checkpoint: Checkpoint) -> str:
    if not model.drops_vision:
        return ""
    return f", {gib(weights(model, checkpoint, text_only=True))} without the vision part"


def _kib(model: ModelFacts) -> str:
    return f"{kv_bytes(model)[0] // KIB}"


def _beyond_chunk(model: ModelFacts) -> str:
    beyond = f"{kv_bytes(model)[1] // KIB} beyond a chunk of {model.attention_chunk:,} tokens"
    return f", {beyond}" if model.attention_chunk else ""


def _sizes(sizes: Iterable[int]) -> str:
    return " ".join(map(str, sizes))


def _notes(known: Catalogue) -> Iterator[tuple[str, str]]:
    """What a line of the list has no room for, each with its model."""
    for model in known.models.values():
        if model.attention_chunk:
            yield (
                f"{_kib(model)} KiB per token{_beyond_chunk(model)}, in vLLM's hybrid manager",
                model.variant,
            )
        if model.drops_vision:
            yield "a text-only server leaves out the vision part, which counts above", model.variant
        if model.caveat:
            yield model.caveat.removesuffix("."), model.variant


def _shared(notes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Sentences, each once, with all the names that it is about."""
    names: dict[str, list[str]] = {}
    for note, name in notes:
        names.setdefault(note, []).append(name)
    return (f"{', '.join(shared)}: {note}." for note, shared in names.items())
