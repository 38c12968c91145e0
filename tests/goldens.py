"""Golden files: objects as text that a person can read and review in a diff."""

import difflib
from pathlib import Path
from typing import Any

import yaml


class ReadableDumper(yaml.SafeDumper):
    """Texts of several lines as blocks; no anchors, because each object is read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


ReadableDumper.add_representer(str, _text)


def readable(objects: list[dict[str, Any]]) -> str:
    """The objects as YAML, their keys in the order that they have."""
    return yaml.dump_all(objects, Dumper=ReadableDumper, sort_keys=False, explicit_start=True, width=100)


def compare(path: Path, text: str, *, update: bool) -> None:
    """Fail with a diff where the text is not that of the golden file; write it instead where asked to."""
    if update:
        path.write_text(text, encoding="utf-8")
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    diff = difflib.unified_diff(known.splitlines(), text.splitlines(), str(path), "rendered", lineterm="")
    assert known == text, "rewrite with --update-golden, or mend the code:\n" + "\n".join(diff)
