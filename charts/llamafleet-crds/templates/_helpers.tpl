{{- define "llamafleet-crds.labels" -}}
{{- $ours := dict "app.kubernetes.io/name" "llamafleet" "app.kubernetes.io/instance" .Release.Name }}
{{- $_ := set $ours "app.kubernetes.io/version" .Chart.AppVersion }}
{{- $_ := set $ours "app.kubernetes.io/managed-by" .Release.Service }}
{{- $_ := set $ours "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- merge $ours .Values.commonLabels | toYaml }}
{{- end }}
