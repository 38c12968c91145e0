{{/* What the pods of operator and waker have in common. */}}
{{- define "llamafleet.podSecurityContext" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "llamafleet.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end }}

{{/*
Where a pod goes. Takes a dict: values, those of the operator or of the waker; selector, the labels of its pods.
A constraint without a labelSelector is about the pods of this Deployment.
*/}}
{{- define "llamafleet.placement" -}}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $own := dict "matchLabels" (fromYaml .selector) }}
  {{- range .values.topologySpreadConstraints }}
  - {{ merge (dict "labelSelector" (.labelSelector | default $own)) (omit . "labelSelector") | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}
