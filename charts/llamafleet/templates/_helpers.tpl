{{/*
Names. Everything of one release is called the same, the waker's things with -waker behind it.
The label app.kubernetes.io/name is fixed: model pods let the operator and the waker in by it.
*/}}
{{- define "llamafleet.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" (.Release.Name | trunc 42 | trimSuffix "-") .Chart.Name }}
{{- end }}
{{- end }}

{{- define "llamafleet.waker.fullname" -}}
{{- printf "%s-waker" (include "llamafleet.fullname" .) }}
{{- end }}

{{- define "llamafleet.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "llamafleet.fullname" .) }}
{{- end }}

{{- define "llamafleet.lease" -}}
{{- .Values.operator.lease.name | default (include "llamafleet.fullname" .) }}
{{- end }}

{{/* Selectors: they can never be changed, so nothing else may ever stand here. */}}
{{- define "llamafleet.selector" -}}
app.kubernetes.io/name: llamafleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "llamafleet.waker.selector" -}}
app.kubernetes.io/name: llamafleet-waker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of objects. Those of pods have no version of the chart, which would restart them. */}}
{{- define "llamafleet.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "llamafleet.labels" -}}
{{- $ours := merge (include "llamafleet.selector" . | fromYaml) (include "llamafleet.chartLabels" . | fromYaml) }}
{{- merge $ours .Values.commonLabels | toYaml }}
{{- end }}

{{- define "llamafleet.waker.labels" -}}
{{- $ours := merge (include "llamafleet.waker.selector" . | fromYaml) (include "llamafleet.chartLabels" . | fromYaml) }}
{{- merge $ours .Values.commonLabels | toYaml }}
{{- end }}

{{- define "llamafleet.podLabels" -}}
{{- merge (include "llamafleet.selector" . | fromYaml) .Values.podLabels .Values.commonLabels | toYaml }}
{{- end }}

{{- define "llamafleet.waker.podLabels" -}}
{{- merge (include "llamafleet.waker.selector" . | fromYaml) .Values.waker.podLabels .Values.commonLabels | toYaml }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over the tag; both may be given. */}}
{{- define "llamafleet.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}
