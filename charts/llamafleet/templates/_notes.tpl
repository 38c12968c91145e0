{{/* What the notes say only where it is needed. */}}
{{- define "llamafleet.notes.kinds" -}}
{{- $kind := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "llamadeployments.llamafleet.io" }}
{{- $chart := dig "metadata" "labels" "helm.sh/chart" "" $kind | trimPrefix "llamafleet-crds-" }}
{{- if not (or $kind (.Capabilities.APIVersions.Has "llamafleet.io/v1alpha1/LlamaDeployment")) }}
The kinds are missing, and the operator waits for them:

    helm upgrade --install llamafleet-crds llamafleet-crds --version {{ .Chart.Version }} --namespace {{ .Release.Namespace }}

{{ else if and (regexMatch "^[0-9]+\\.[0-9]+\\.[0-9]+" $chart) (semverCompare (printf "<%s" .Chart.Version) $chart) }}
{{- $release := dig "metadata" "annotations" "meta.helm.sh/release-name" "llamafleet-crds" $kind }}
{{- $where := dig "metadata" "annotations" "meta.helm.sh/release-namespace" .Release.Namespace $kind }}
The kinds are of an older chart, {{ $chart }}. Upgrade them:

    helm upgrade {{ $release }} llamafleet-crds --version {{ .Chart.Version }} --namespace {{ $where }}

{{ end }}
{{- end }}

{{- define "llamafleet.notes.namespace" -}}
{{- $namespace := lookup "v1" "Namespace" "" .Release.Namespace }}
{{- if ne (dig "metadata" "labels" "pod-security.kubernetes.io/enforce" "" $namespace) "restricted" }}
The pods keep to the restricted rules. Have the namespace enforce them:

    kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted
{{ end }}
{{- end }}
