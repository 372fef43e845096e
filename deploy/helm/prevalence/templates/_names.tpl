{{- define "prevalence.labels" -}}
app.kubernetes.io/name: prevalence
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "prevalence.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* A pod that may do nothing to its node. */}}
{{- define "prevalence.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ .root.Release.Name }}-prevalence
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "prevalence.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Environment and mounts of one who logs in: .role, .nats (user or ""), .clickhouse (user or ""), .keys of the secret. */}}
{{- define "prevalence.env" -}}
env:
  - { name: HOME, value: /tmp }
  - { name: PREVALENCE_LOG_FORMAT, value: json }
  - { name: PREVALENCE_PROGRESS, value: none }
  {{- if .metrics }}
  - { name: PREVALENCE_METRICS, value: {{ printf "0.0.0.0:%v" .root.Values.metrics.port | quote }} }
  {{- end }}
  {{- if .nats }}
  - { name: PREVALENCE_NATS, value: {{ .root.Values.nats.url | quote }} }
  - { name: PREVALENCE_NATS_USER, value: {{ .nats }} }
  - { name: PREVALENCE_NATS_PASSWORD_FILE, value: /secrets/nats-{{ .nats }} }
  {{- end }}
  {{- if .clickhouse }}
  - { name: PREVALENCE_CLICKHOUSE, value: {{ .root.Values.clickhouse.address | quote }} }
  - { name: PREVALENCE_CLICKHOUSE_USER, value: prevalence_{{ .clickhouse }} }
  - { name: PREVALENCE_CLICKHOUSE_PASSWORD_FILE, value: /secrets/clickhouse-{{ .clickhouse }} }
  - { name: PREVALENCE_CLICKHOUSE_TLS, value: {{ .root.Values.clickhouse.tls | quote }} }
  {{- end }}
  {{- if .index }}
  - { name: PREVALENCE_INDEX, value: {{ .root.Values.index.url | quote }} }
  - { name: PREVALENCE_CONTACT, value: {{ .root.Values.index.contact | quote }} }
  - { name: PREVALENCE_RATE, value: {{ .root.Values.index.rate | quote }} }
  {{- end }}
  {{- if .root.Values.nats.ca }}
  - { name: PREVALENCE_CA, value: /ca/ca.crt }
  {{- end }}
  {{- range $name, $value := .more }}
  - { name: {{ $name }}, value: {{ $value | quote }} }
  {{- end }}
volumeMounts:
  - { name: secrets, mountPath: /secrets, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  {{- if .root.Values.nats.ca }}
  - { name: ca, mountPath: /ca, readOnly: true }
  {{- end }}
{{- end }}

{{- define "prevalence.volumes" -}}
volumes:
  - name: secrets
    secret:
      secretName: {{ .root.Values.existingSecret }}
      defaultMode: 0440
      items:
        {{- range .keys }}
        - { key: {{ . }}, path: {{ . }} }
        {{- end }}
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- if .root.Values.nats.ca }}
  - name: ca
    configMap: { name: {{ .root.Values.nats.ca }} }
  {{- end }}
{{- end }}
