"""The scripts for Argo CD, run as Argo CD runs them: Lua 5.1, and a resource called ``obj``."""

from pathlib import Path
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type  # type: ignore[import-untyped]  # it says nothing of types

from builders import ROOT

LUA = ROOT / "manifests" / "argocd" / "lua"
NOT_IN_ARGO = ("io", "debug", "package", "require", "dofile", "loadfile", "string", "math", "coroutine", "os")
"""What Argo CD does not offer, or not all of it."""


def run(path: Path, resource: Any) -> Any:
    """What the script returns of this resource."""
    lua = LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    names = lua.globals()
    for name in (*NOT_IN_ARGO, "python"):
        names[name] = None
    names["obj"] = lua.table_from(resource, recursive=True)
    return _plain(lua.execute(path.read_text("utf-8")))


def _plain(value: Any) -> Any:
    """A value of Lua as JSON would have it; our scripts return no lists."""
    if lua_type(value) != "table":
        return value
    return {key: _plain(item) for key, item in value.items()}
