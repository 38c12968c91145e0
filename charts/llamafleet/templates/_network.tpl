{{/* Parts of NetworkPolicies. */}}
{{- define "llamafleet.apiServerPorts" -}}
{{- range .Values.networkPolicy.apiServerPorts }}
- protocol: TCP
  port: {{ . }}
{{- end }}
{{- end }}

{{/* The namespaces that may read metrics. */}}
{{- define "llamafleet.monitoringNamespaces" -}}
{{- .Values.networkPolicy.monitoringNamespaceLabels | default (dict "llamafleet.io/monitoring" "true") | toYaml }}
{{- end }}

{{/* The port of a URL. */}}
{{- define "llamafleet.portOf" -}}
{{- $url := urlParse . }}
{{- $said := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- $said | default (ternary 443 80 (eq $url.scheme "https")) }}
{{- end }}
