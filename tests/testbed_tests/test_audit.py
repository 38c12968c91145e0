"""What an audit log is boiled down to."""

import json
from pathlib import Path
from typing import Any

from testbed.audit import Use, keep, kept, length, uses, whole_lines

ACCOUNT = "system:serviceaccount:home:operator"


def event(verb: str, resource: str, code: int = 200, **fields: Any) -> str:
    target = {"resource": resource, **fields.pop("target", {})}
    user = {"username": fields.pop("user", ACCOUNT)}
    status = {"code": code, **fields.pop("status", {})}
    return json.dumps({"verb": verb, "user": user, "objectRef": target, "responseStatus": status, **fields})


def use(verb: str, resource: str, name: str = "*", **fields: Any) -> Use:
    return Use("home:operator", verb, fields.pop("group", ""), resource, name, **fields)


def test_a_right_that_is_used_often_is_told_once() -> None:
    lines = [
        event("list", "pods"),
        event("list", "pods"),
        event("get", "pods", target={"subresource": "log"}),
    ]
    assert uses(lines) == {use("list", "pods"), use("get", "pods/log")}


def test_people_controllers_and_half_written_lines_are_left_out() -> None:
    controller = "system:serviceaccount:kube-system:replicaset-controller"
    assert uses([event("list", "pods", user=controller)]) == set()
    tried = event("get", "secrets", user="admin", impersonatedUser={"username": ACCOUNT})
    assert uses([tried]) == set()
    assert uses([event("list", "pods", user="admin"), event("list", "pods")[:-9], '{"verb":']) == set()


def test_an_apply_that_makes_an_object_takes_the_right_to_create() -> None:
    lines = [event("patch", "services", 201), event("patch", "deployments", 200, target={"apiGroup": "apps"})]
    assert uses(lines) == {
        use("patch", "services"),
        use("create", "services"),
        use("patch", "deployments", group="apps"),
    }


def test_names_are_kept_where_rights_are_by_name() -> None:
    lines = [event("get", "leases", target={"name": "a"}), event("get", "services", target={"name": "a"})]
    assert uses(lines) == {use("get", "leases", "a"), use("get", "services")}


def test_a_refusal_for_want_of_a_right_is_told_with_its_place_and_another_is_a_use() -> None:
    forbidden = {"annotations": {"authorization.k8s.io/decision": "forbid"}}
    create = {"message": 'User "x" cannot create resource "services" in API group ""'}
    quota = {"message": "exceeded quota: none"}
    lines = [
        event("list", "secrets", 403, target={"namespace": "team-a"}, **forbidden),
        event("list", "nodes", 403, **forbidden),
        event("patch", "services", 403, target={"namespace": "team-a"}, status=create),
        event("patch", "pods", 403, status=quota),
    ]
    assert uses(lines) == {
        use("list", "secrets", refused="team-a"),
        use("list", "nodes", refused="*"),
        use("create", "services", refused="team-a"),
        use("patch", "pods"),
    }


def test_what_several_clusters_leave_is_put_together(tmp_path: Path) -> None:
    for number, resource in enumerate(("pods", "services")):
        log = tmp_path / f"{number}.log"
        log.write_text(event("list", resource) + "\n")
        (tmp_path / f"{number}-2026-11-21T12-00-00.000.log").write_text(event("watch", resource) + "\n")
        keep(log, tmp_path / "there")
    keep(tmp_path / "nobody.log", tmp_path / "there")
    both = {use(verb, kind) for verb in ("list", "watch") for kind in ("pods", "services")}
    assert kept(tmp_path / "there") == both


def test_a_log_is_read_over_its_parts_and_without_the_line_that_is_being_written(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(b"three\nfo")
    (tmp_path / "audit-2026-11-22T12-00-00.000.log").write_bytes(b"one\ntwo\n")
    assert whole_lines(log) == [b"one", b"two", b"three"]
    assert whole_lines(log, 4) == [b"two", b"three"]
    assert whole_lines(log, 8) == [b"three"]
    assert whole_lines(log, length(log)) == []
