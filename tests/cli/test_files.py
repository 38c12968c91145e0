"""Files are read as strictly as the API server reads them, and nothing in them is believed."""

import io
import sys
from pathlib import Path

import pytest

from llamafleet.cli.files import LARGEST_FILE, BadInput, read_documents
from llamafleet.cli.manifests import Manifests, pick, read_manifests

LLAMA = """
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {name: scout, namespace: team-a, labels: {app: scout}}
spec: {model: {variant: scout}}
"""
POOL = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: gold}
spec: {gpu: a100-80gb}
"""
OTHER = """
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {key: value}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a test writes; it is named as a user names a file of the present folder."""
    monkeypatch.chdir(tmp_path)
    return Path("cr.yaml")


def refusal(file: Path, text: str) -> str:
    """What is said of a file with this text."""
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_manifests(str(file))
    return str(refused.value)


def names(manifests: Manifests) -> tuple[list[str], list[str]]:
    return [llama.metadata.name for llama in manifests.llamas], [
        pool.metadata.name for pool in manifests.pools
    ]


def test_kinds_of_ours_are_found_among_those_of_others(file: Path) -> None:
    file.write_text(f"{OTHER}---{LLAMA}---\n---{POOL}---\n# nothing\n")
    assert names(read_manifests(str(file))) == (["scout"], ["gold"])


def test_a_list_is_what_it_holds(file: Path) -> None:
    items = "".join(f"- {text.strip().replace(chr(10), chr(10) + '  ')}\n" for text in (LLAMA, OTHER, POOL))
    file.write_text(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert names(read_manifests(str(file))) == (["scout"], ["gold"])


@pytest.mark.parametrize("items", ["items: []", "items:", ""], ids=["no item", "null", "absent"])
def test_an_empty_list_holds_nothing(items: str, file: Path) -> None:
    file.write_text(f"apiVersion: v1\nkind: List\n{items}\n")
    assert names(read_manifests(str(file))) == ([], [])


def test_json_is_read_too(file: Path) -> None:
    file.write_text(
        '{"apiVersion": "llamafleet.io/v1alpha1", "kind": "GpuPool",'
        ' "metadata": {"name": "gold"}, "spec": {"gpu": "a100-80gb"}}'
    )
    assert names(read_manifests(str(file))) == ([], ["gold"])


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LLAMA.encode())))
    assert names(read_manifests("-")) == (["scout"], [])


def test_a_date_stays_text_as_it_is_to_the_api_server(file: Path) -> None:
    file.write_text("{date: 2026-12-24, from: 2026-12-24T00:00:00Z, count: 3, open: true}")
    (read,) = read_documents(str(file))
    assert read == {"date": "2026-12-24", "from": "2026-12-24T00:00:00Z", "count": 3, "open": True}


def test_a_merged_key_may_be_overridden(file: Path) -> None:
    file.write_text("base: &base {x: 1, y: 1}\nown: {<<: *base, x: 2}\n")
    assert read_documents(str(file)) == [{"base": {"x": 1, "y": 1}, "own": {"x": 2, "y": 1}}]


ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
)

BAD_YAML = {
    "a bracket that stays open": (
        "a: 1\nb: [1, 2\n",
        "cr.yaml, line 3, column 1: did not find expected ',' or ']'",
    ),
    "a colon too many": (
        "a: b: c\n",
        "cr.yaml, line 1, column 5: mapping values are not allowed in this context",
    ),
    "a key that stands twice": (
        "spec:\n  x: 1\n  x: 2\n",
        "cr.yaml, line 3, column 3: the key x stands here twice",
    ),
    "an alias that nobody defined": ("a: *b\n", "cr.yaml, line 1, column 4: found undefined alias"),
    "an object of Python": (
        "a: !!python/object:os.system x\n",
        (
            "cr.yaml, line 1, column 4: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'"
        ),
    ),
    "an alias in itself": (
        "a: &a [*a]\n",
        "cr.yaml, line 1, column 4: this stands for more than 1,000,000 values",
    ),
    "aliases of aliases": (ALIASES, "cr.yaml, line 6, column 5: this stands for more than 1,000,000 values"),
    "a number that is none": (
        "a: 1\n---\nb: !!int x\n",
        "cr.yaml, line 3, column 1: a number or a date in this document cannot be read",
    ),
    "a number of too many digits": (
        f"a: {'9' * 5000}\n",
        "cr.yaml, line 1, column 1: a number or a date in this document cannot be read",
    ),
    "brackets in brackets": (
        "[" * 100_000,
        "cr.yaml, line 1, column 101: nothing may be nested deeper than 100 levels",
    ),
    "no text": ("a: \x00", "cr.yaml: unacceptable character #x0000: control characters are not allowed"),
}


@pytest.mark.parametrize(("text", "message"), BAD_YAML.values(), ids=BAD_YAML.keys())
def test_bad_yaml_is_refused_with_its_place(text: str, message: str, file: Path) -> None:
    assert refusal(file, text).startswith(message)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match=r"^/nowhere/cr.yaml: No such file or directory$"):
        read_documents("/nowhere/cr.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r": Is a directory$"):
        read_documents(str(tmp_path))


def test_a_file_without_end_is_read_to_the_limit_only() -> None:
    with pytest.raises(BadInput, match=r"^/dev/zero: must have at most 10 MiB$"):
        read_documents("/dev/zero")


def test_a_file_of_the_largest_size_is_read(file: Path) -> None:
    file.write_text("#" * (LARGEST_FILE - 8) + "\na: one\n")
    assert read_documents(str(file)) == [{"a": "one"}]


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"a: \xff\n")
    with pytest.raises(BadInput, match=r"^cr.yaml: must be text in UTF-8, and byte 3 is not$"):
        read_documents(str(file))


BAD_MANIFESTS = {
    "a misspelt field": (
        LLAMA.replace("spec: {", "spec: {serving: {contextLenght: 65536}, "),
        (
            "cr.yaml: LlamaDeployment scout: spec.serving.contextLenght = 65536: "
            "must be left out: there is no field of that name here"
        ),
    ),
    "a misspelt field of a pool": (
        POOL.replace("{gpu:", "{gpus: 8, gpu:"),
        "cr.yaml: GpuPool gold: spec.gpus = 8: must be left out: there is no field of that name here",
    ),
    "a name of Python's": (
        LLAMA.replace("spec: {", "spec: {serving: {context_length: 65536}, "),
        (
            "cr.yaml: LlamaDeployment scout: spec.serving.context_length = 65536: "
            "must be left out: there is no field of that name here"
        ),
    ),
    "another version": (
        LLAMA.replace("v1alpha1", "v2"),
        "cr.yaml: LlamaDeployment scout: apiVersion = llamafleet.io/v2: must be llamafleet.io/v1alpha1",
    ),
    "a kind that we do not have": (
        LLAMA.replace("LlamaDeployment", "LamaDeployment"),
        "cr.yaml: kind = LamaDeployment: must be LlamaDeployment or GpuPool, the kinds of llamafleet.io",
    ),
    "a kind that is no text": (
        LLAMA.replace("kind: LlamaDeployment", "kind: [LlamaDeployment]"),
        "cr.yaml: kind = ['LlamaDeployment']: must be LlamaDeployment or GpuPool, the kinds of llamafleet.io",
    ),
    "no kind": (
        LLAMA.replace("kind: LlamaDeployment", ""),
        "cr.yaml: kind = (absent): must be LlamaDeployment or GpuPool, the kinds of llamafleet.io",
    ),
    "no name": (
        LLAMA.replace("name: scout, ", ""),
        "cr.yaml: LlamaDeployment without a name: metadata.name = (absent): must be given",
    ),
    "a List of no list": (
        "kind: List\nitems: {a: 1}\n",
        "cr.yaml: List: items = {'a': 1}: must be a list",
    ),
    "a List of no objects": (
        "kind: List\nitems: [1]\n",
        "cr.yaml: must hold objects of Kubernetes, each a map of fields, and not 1",
    ),
    "no object": (
        "- 1\n- 2\n",
        "cr.yaml: must hold objects of Kubernetes, each a map of fields, and not [1, 2]",
    ),
    "a rule between fields": (
        LLAMA.replace("spec: {", "spec: {replicas: 2, scaling: {}, "),
        "cr.yaml: LlamaDeployment scout: spec.replicas = 2: ",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
def test_a_bad_manifest_is_refused_by_file_resource_field_and_rule(
    text: str, message: str, file: Path
) -> None:
    assert refusal(file, text).startswith(message)


def three(file: Path) -> Manifests:
    """Three resources, two of them of the same name."""
    texts = [LLAMA, LLAMA.replace("team-a", "team-b"), LLAMA.replace("name: scout", "name: other")]
    file.write_text("---".join(texts))
    return read_manifests(str(file))


def test_one_of_several_resources_is_picked_by_name(file: Path) -> None:
    assert pick(three(file), "other").metadata.name == "other"
    assert pick(three(file), "team-b/scout").metadata.namespace == "team-b"


@pytest.mark.parametrize(
    ("name", "said"),
    [(None, "--name:"), ("scout", "--name = scout:"), ("team-c/scout", "--name = team-c/scout:")],
    ids=["no name", "a name in two namespaces", "a name of none"],
)
def test_a_name_that_does_not_pick_one_lists_all(name: str | None, said: str, file: Path) -> None:
    with pytest.raises(BadInput) as refused:
        pick(three(file), name)
    assert str(refused.value) == (
        f"{said} must be that of one LlamaDeployment of cr.yaml, which has: "
        "team-a/scout, team-b/scout, team-a/other"
    )


def test_without_any_resource_there_is_nothing_to_pick(file: Path) -> None:
    file.write_text(POOL)
    with pytest.raises(BadInput, match=r"^cr.yaml: must have a LlamaDeployment in it$"):
        pick(read_manifests(str(file)), None)
