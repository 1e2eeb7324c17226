{{- define "sluice.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ include "sluice.fullname" . }}
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "sluice.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* The server's configuration: the chart's own, and over it what `config` says. */ -}}
{{- define "sluice.config" -}}
{{- $listeners := list
  (dict "address" "0.0.0.0:50051" "expose" (list "api"))
  (dict "address" "0.0.0.0:9090" "expose" (list "metrics"))
  (dict "address" "127.0.0.1:8000") -}}
{{- $config := dict
  "listeners" $listeners
  "trusted_proxies" list
  "workers" (dict "count" .Values.workers)
  "breaker" (dict "rules" "/etc/sluice/rules.json")
  "drain" (dict "delay_ms" .Values.drainDelayMs "timeout_ms" .Values.drainTimeoutMs) -}}
{{- if .Values.redis.address -}}
{{- $redis := dict "address" .Values.redis.address -}}
{{- if .Values.redis.passwordSecret -}}
{{- $_ := set $redis "password_file" "/etc/sluice-redis/password" -}}
{{- end -}}
{{- $_ := set $config "redis" $redis -}}
{{- $_ := set $config "idempotency" (dict "store" "redis") -}}
{{- end -}}
{{- mustMergeOverwrite $config (deepCopy .Values.config) | toYaml -}}
{{- end -}}
