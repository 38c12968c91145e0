{{/*
What the operator may do, and nothing else: it reads no Secret, deletes nothing, and executes in no pod.
The rules that have a namespace are in a ClusterRole, or in a Role of each of the namespaces that it works in.
*/}}
{{- define "llamafleet.rules.namespaced" -}}
# Its own kind: it reads it and writes only the status.
- apiGroups: [llamafleet.io]
  resources: [llamadeployments]
  verbs: [get, list, watch]
- apiGroups: [llamafleet.io]
  resources: [llamadeployments/status]
  verbs: [patch]
# The children of a LlamaDeployment. Server-side apply needs create and patch; the garbage collector deletes.
- apiGroups: [""]
  resources: [serviceaccounts, services]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
# While no replica of a fleet is ready, an EndpointSlice of ours leads its Service to the waker.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch, create, patch]
# Whether pods are ready, and why not; patched are pods of our own fleets that are to go.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# Windows that open and close, budgets that run out.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{/* What has no namespace is only read. */}}
{{- define "llamafleet.rules.cluster" -}}
- apiGroups: [llamafleet.io]
  resources: [gpupools]
  verbs: [list, watch]
# The labels of a node tell a spot node from others, and so its price.
- apiGroups: [""]
  resources: [nodes]
  verbs: [get]
{{- end }}

{{/* What the waker may do: it reads two kinds, and writes nothing anywhere. */}}
{{- define "llamafleet.waker.rules" -}}
# Which port belongs to which fleet, and where its ready pods are.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
# Whether a fleet is closed, suspended or out of budget, and when it opens.
- apiGroups: [llamafleet.io]
  resources: [llamadeployments]
  verbs: [list, watch]
{{- end }}
