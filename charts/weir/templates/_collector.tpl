{{- define "weir.collector.env" -}}
{{- $c := .Values.collector -}}
WEIR_COLLECTOR_DATA: /var/lib/weir/collector
WEIR_COLLECTOR_ORIGIN: {{ $c.origin | default (printf "weir-collector.%s.svc/%s" .Release.Namespace .Values.cluster) | quote }}
WEIR_COLLECTOR_TLS_CERTIFICATE: /etc/weir/tls/tls.crt
WEIR_COLLECTOR_TLS_KEY: /etc/weir/tls/tls.key
WEIR_COLLECTOR_SOURCES: /etc/weir/collector/sources.yaml
WEIR_COLLECTOR_CLUSTER: {{ .Values.cluster | quote }}
WEIR_COLLECTOR_ENVIRONMENT: {{ .Values.environment | quote }}
WEIR_COLLECTOR_AUDIENCE: {{ include "weir.audience" . | quote }}
{{- with $c.keepDays }}
WEIR_COLLECTOR_KEEP_DAYS: {{ . | quote }}
{{- end }}
WEIR_COLLECTOR_REQUEST_MIB: {{ $c.requestMiB | quote }}
WEIR_COLLECTOR_TRACES_MIB: {{ $c.tracesMiB | quote }}
WEIR_COLLECTOR_STORE: {{ $c.store.address | quote }}
WEIR_COLLECTOR_STORE_MIB: {{ $c.store.MiB | quote }}
WEIR_COLLECTOR_STORE_USER: {{ $c.store.user | quote }}
{{- with $c.store.passwordFile }}
WEIR_COLLECTOR_STORE_PASSWORD_FILE: {{ printf "/etc/weir/secret/%s" . | quote }}
{{- end }}
WEIR_COLLECTOR_UNCLOSED_MINUTES: {{ $c.unclosedMinutes | quote }}
WEIR_COLLECTOR_LOG_LEVEL: {{ $c.logLevel }}
{{- end }}

{{/* `own-cluster` is what the collector calls the cluster that it runs in. */}}
{{- define "weir.collector.sources" -}}
{{- $account := dict "source" "own-cluster" "account" (printf "%s/weir-auditor" .Release.Namespace) -}}
{{- $readers := .Values.collector.auditor | ternary (list (dict "name" "weir-auditor" "account" $account)) list -}}
{{ dict
  "sources" (.Values.collector.sources | default list)
  "readers" (concat $readers (.Values.collector.readers | default list))
  "witnesses" (.Values.collector.witnesses | default list)
  "forward" (.Values.collector.forward | default list)
| toYaml }}
{{- end }}
