{{/* Labels of an object that Prometheus or Grafana selects by labels of their own. */}}
{{- define "llamafleet.monitoringLabels" -}}
{{- merge (.labels | fromYaml) .more | toYaml }}
{{- end }}

{{/* One dashboard in a ConfigMap. The text is taken as it is: Grafana has braces of its own. */}}
{{- define "llamafleet.dashboard" -}}
{{- $values := .top.Values.monitoring.dashboards }}
{{- if $values.enabled }}
{{- $file := printf "llamafleet-%s.json" .name }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "llamafleet.fullname" .top }}-dashboard-{{ .name }}
  namespace: {{ .top.Release.Namespace }}
  labels:
    {{- $labels := $values.labels | default (dict "grafana_dashboard" "1") }}
    {{- include "llamafleet.monitoringLabels" (dict "labels" (include "llamafleet.labels" .top) "more" $labels) | nindent 4 }}
data:
  {{ $file }}: |
    {{- .top.Files.Get (printf "files/monitoring/dashboards/%s" $file) | nindent 4 }}
{{- end }}
{{- end }}
