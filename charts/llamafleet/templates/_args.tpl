{{/* What the programs are told. */}}
{{- define "llamafleet.args" -}}
- run
- --health=http://0.0.0.0:8080/healthz
- --metrics-port=8081
- --workers={{ .Values.operator.workers }}
- --lease={{ include "llamafleet.lease" . }}
- --lease-duration={{ .Values.operator.lease.duration }}
{{- if .Values.namespaces }}
- --namespaces={{ join "," .Values.namespaces }}
{{- end }}
{{- with .Values.operator.prometheusUrl }}
- --prometheus-url={{ . }}
{{- end }}
{{- if .Values.operator.catalogue }}
- --values=/etc/llamafleet/values.yaml
{{- end }}
{{- if .Values.waker.enabled }}
- --waker={{ include "llamafleet.waker.fullname" . }}
{{- end }}
{{- end }}

{{- define "llamafleet.waker.args" -}}
- waker
- --max-held={{ int64 .Values.waker.maxHeld }}
- --max-held-per-fleet={{ int64 .Values.waker.maxHeldPerFleet }}
- --max-held-bytes={{ int64 .Values.waker.maxHeldBytes }}
- --max-body-bytes={{ int64 .Values.waker.maxBodyBytes }}
- --hold={{ int64 .Values.waker.holdSeconds }}
- --grace={{ int64 .Values.waker.graceSeconds }}
{{- if .Values.namespaces }}
- --namespaces={{ join "," .Values.namespaces }}
{{- end }}
{{- end }}
