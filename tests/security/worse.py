"""Every way to make an object of a fleet worse that the checker of shapes has to find."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from security.expected import Json

Worse = Callable[[Json], None]


def _container(deployment: Json) -> Json:
    container: Json = _pod(deployment)["containers"][0]
    return container


def _pod(deployment: Json) -> Json:
    pod: Json = deployment["spec"]["template"]["spec"]
    return pod


def _arg(word: str) -> Worse:
    return lambda raw: _container(raw)["args"].append(word)


def _on(place: Callable[[Json], Json], **fields: Any) -> Worse:
    return lambda raw: place(raw).update(fields)


def _volume(kind: Mapping[str, Any]) -> Worse:
    def change(raw: Json) -> None:
        _pod(raw)["volumes"][1] = {"name": "cache", **kind}

    return change


POD_WORSE: Final[Mapping[str, Worse]] = {
    "the host's network": _on(_pod, hostNetwork=True),
    "the host's processes": _on(_pod, hostPID=True),
    "the host's memory": _on(_pod, hostIPC=True),
    "a namespace of users switched": _on(_pod, hostUsers=True),
    "another account": _on(_pod, serviceAccountName="builder"),
    "another account by its old name": _on(_pod, serviceAccount="builder"),
    "a token": _on(_pod, automountServiceAccountToken=True),
    "the default of a token": lambda raw: _pod(raw).pop("automountServiceAccountToken"),
    "links to Services": _on(_pod, enableServiceLinks=True),
    "root": _on(lambda raw: _pod(raw)["securityContext"], runAsUser=0),
    "a group of the host": _on(lambda raw: _pod(raw)["securityContext"], supplementalGroups=[0]),
    "no seccomp": _on(lambda raw: _pod(raw)["securityContext"], seccompProfile={"type": "Unconfined"}),
    "a kernel setting": _on(lambda raw: _pod(raw)["securityContext"], sysctls=[{"name": "a", "value": "b"}]),
    "a second container": lambda raw: _pod(raw)["containers"].append({"name": "x", "image": "x"}),
    "a first container": _on(_pod, initContainers=[{"name": "x", "image": "x"}]),
    "a claim for devices": _on(_pod, resourceClaims=[{"name": "nic"}]),
    "a node by name": _on(_pod, nodeSelector={"kubernetes.io/hostname": "a"}),
    "another scheduler": _on(_pod, schedulerName="mine"),
    "a higher priority": _on(_pod, priorityClassName="system-node-critical"),
    "another runtime": _on(_pod, runtimeClassName="privileged"),
    "a pull secret": _on(_pod, imagePullSecrets=[{"name": "others"}]),
    "another name server": _on(_pod, dnsPolicy="None"),
    "names of hosts": _on(_pod, hostAliases=[{"ip": "1.2.3.4", "hostnames": ["api"]}]),
    "every taint": _on(_pod, tolerations=[{"operator": "Exists"}]),
    "the taint of control planes": _on(
        _pod, tolerations=[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
    ),
    "a nearness to pods": lambda raw: _pod(raw)["affinity"].update(podAffinity={}),
    "a folder of the host": _volume({"hostPath": {"path": "/"}}),
    "a Secret as a volume": _volume({"secret": {"secretName": "others"}}),
    "a token as a volume": _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}),
    "a driver as a volume": _volume({"csi": {"driver": "secrets-store.csi.k8s.io"}}),
    "a volume of the network": _volume({"nfs": {"server": "a", "path": "/"}}),
    "a claim that is written": _volume({"persistentVolumeClaim": {"claimName": "a"}}),
    "one more volume": lambda raw: _pod(raw)["volumes"].append({"name": "x", "emptyDir": {}}),
}

CONTAINER_WORSE: Final[Mapping[str, Worse]] = {
    "privileges": _on(lambda raw: _container(raw)["securityContext"], privileged=True),
    "a capability": _on(
        lambda raw: _container(raw)["securityContext"], capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}
    ),
    "a root that is written": _on(
        lambda raw: _container(raw)["securityContext"], readOnlyRootFilesystem=False
    ),
    "its own seccomp": _on(
        lambda raw: _container(raw)["securityContext"], seccompProfile={"type": "Unconfined"}
    ),
    "a shell": _on(_container, command=["sh", "-c"]),
    "a port of the host": lambda raw: _container(raw)["ports"][0].update(hostPort=8000),
    "a second port": lambda raw: _container(raw)["ports"].append({"containerPort": 22}),
    "a device": _on(_container, volumeDevices=[{"name": "weights", "devicePath": "/dev/sda"}]),
    "a path within a volume": lambda raw: _container(raw)["volumeMounts"][0].update(subPath="../.."),
    "a path by a variable": lambda raw: _container(raw)["volumeMounts"][0].update(subPathExpr="$(A)"),
    "a mount that spreads": lambda raw: _container(raw)["volumeMounts"][0].update(
        mountPropagation="Bidirectional"
    ),
    "a mount elsewhere": lambda raw: _container(raw)["volumeMounts"][0].update(mountPath="/etc"),
    "variables of a Secret": _on(_container, envFrom=[{"secretRef": {"name": "others"}}]),
    "a value of another Secret": lambda raw: _container(raw)["env"].append(
        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "others", "key": "token"}}}
    ),
    "a value of the pod": lambda raw: _container(raw)["env"].append(
        {"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    ),
    "a variable in a value": lambda raw: _container(raw)["env"].append({"name": "X", "value": "$(HF_TOKEN)"}),
    "another device by its resource": lambda raw: _container(raw)["resources"]["limits"].update(
        {"rdma/hca": "1"}
    ),
    "a claim of its own": lambda raw: _container(raw)["resources"].update(claims=[{"name": "nic"}]),
    "a probe that runs a program": _on(_container, livenessProbe={"exec": {"command": ["sh"]}}),
    "a probe of another host": lambda raw: _container(raw)["livenessProbe"]["httpGet"].update(
        host="10.0.0.1"
    ),
    "a program at the start": lambda raw: _container(raw)["lifecycle"].update(
        postStart={"exec": {"command": ["sh"]}}
    ),
    "a text for the last program": lambda raw: _container(raw)["lifecycle"]["preStop"]["exec"][
        "command"
    ].append("$(reboot)"),
    "a way to type": _on(_container, stdin=True),
    "an open server": _arg("--host=0.0.0.0"),
    "a key of somebody's": _arg("--api-key=x"),
    "code of the hub": _arg("--trust-remote-code"),
    "an abbreviation": _arg("--trust-remote"),
    "a flag that vLLM does not know": _arg("--make-me-root"),
    "a value that stands alone": _arg("/etc/passwd"),
    "the port twice": _arg("--port=1"),
    "a variable in a flag": _arg("--seed=$(HF_TOKEN)"),
    "a line break in a flag": _arg("--seed=1\n--host=::"),
    "an option for a model": lambda raw: _container(raw)["args"].__setitem__(0, "--config=/tmp/x"),
    "a model outside": lambda raw: _container(raw)["args"].__setitem__(0, "/weights/../etc"),
}

DEPLOYMENT_WORSE: Final[Mapping[str, Worse]] = {
    "another namespace": lambda raw: raw["metadata"].update(namespace="kube-system"),
    "another name": lambda raw: raw["metadata"].update(name="coredns"),
    "no owner": lambda raw: raw["metadata"].update(ownerReferences=[]),
    "another owner": lambda raw: raw["metadata"]["ownerReferences"][0].update(uid="u-2"),
    "a finalizer": lambda raw: raw["metadata"].update(finalizers=["a/b"]),
    "a label of others": lambda raw: raw["metadata"]["labels"].update({"app": "shop"}),
    "an annotation of others": lambda raw: raw["metadata"]["annotations"].update(
        {"argocd.argoproj.io/hook": "Sync"}
    ),
    "pods of another fleet": lambda raw: raw["spec"]["selector"]["matchLabels"].update(
        {"llamafleet.io/deployment": "others"}
    ),
    "a label on its pods": lambda raw: raw["spec"]["template"]["metadata"]["labels"].update({"app": "shop"}),
    "an annotation on its pods": lambda raw: raw["spec"]["template"]["metadata"]["annotations"].update(
        {"container.apparmor.security.beta.kubernetes.io/vllm": "unconfined"}
    ),
}

OTHERS_WORSE: Final[Mapping[str, tuple[str, Worse]]] = {
    "a Service of many ports": ("Service", lambda raw: raw["spec"]["ports"].append({"port": 22})),
    "a Service with an address of somebody's": (
        "Service",
        lambda raw: raw["spec"].update(externalIPs=["1.2.3.4"]),
    ),
    "a Service by another name": ("Service", lambda raw: raw["spec"].update(externalName="a.example.com")),
    "a Service on every node": ("Service", lambda raw: raw["spec"].update(type="NodePort")),
    "a Service of others' pods": ("Service", lambda raw: raw["spec"].update(selector={"app": "shop"})),
    "an account with pull secrets": (
        "ServiceAccount",
        lambda raw: raw.update(imagePullSecrets=[{"name": "others"}]),
    ),
    "an account with a token": ("ServiceAccount", lambda raw: raw.update(automountServiceAccountToken=True)),
    "a budget of everybody's pods": ("PodDisruptionBudget", lambda raw: raw["spec"].update(selector={})),
    "a policy of everybody's pods": ("NetworkPolicy", lambda raw: raw["spec"].update(podSelector={})),
    "a policy that lets anybody in": ("NetworkPolicy", lambda raw: raw["spec"].update(ingress=[{}])),
    "a policy that lets everything out": ("NetworkPolicy", lambda raw: raw["spec"].update(egress=[{}])),
    "a policy for one direction": ("NetworkPolicy", lambda raw: raw["spec"].update(policyTypes=["Ingress"])),
    "a slice to another port": ("EndpointSlice", lambda raw: raw["ports"][0].update(port=22)),
    "a slice for another Service": (
        "EndpointSlice",
        lambda raw: raw["metadata"]["labels"].update({"kubernetes.io/service-name": "shop"}),
    ),
    "a kind of its own": ("Service", lambda raw: raw.update(kind="RoleBinding")),
}
