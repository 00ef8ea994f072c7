{{- define "weir.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "weir.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "weir.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
# Files of Secrets are root's, and readable by this group.
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "weir.scheme" -}}
{{ if .Values.nats.tls.enabled }}tls{{ else }}nats{{ end }}
{{- end }}
