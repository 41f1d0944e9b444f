{{/* Names are fixed, not the release's: the operator, the sidecars and the policies agree on them, and a cluster has one Weir. */}}
{{- define "weir.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/part-of: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/component: operator
{{- end }}

{{- define "weir.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "weir.audience" -}}
{{ .Values.identity.audience | default (printf "weir.dev/%s" .Release.Namespace) }}
{{- end }}

{{- define "weir.bundleUrl" -}}
https://weir-operator.{{ .Release.Namespace }}.svc:443/v1/bundle
{{- end }}

{{/* "true" where the release has a collector of its own, else "". */}}
{{- define "weir.collector.here" -}}
{{- if and .Values.collector.enabled (not .Values.collector.url) }}true{{ end -}}
{{- end }}

{{/* Where sidecars ship to, or "". */}}
{{- define "weir.collectorUrl" -}}
{{- if .Values.collector.url }}{{ .Values.collector.url }}{{ else if .Values.collector.enabled }}https://weir-collector.{{ .Release.Namespace }}.svc:4318{{ end -}}
{{- end }}

{{- define "weir.collector.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/component: collector
{{- end }}

{{/* A list as JSON: governance never reaches into these, so that it cannot keep a cluster from mending itself. */}}
{{- define "weir.neverNamespaces" -}}
{{ concat (list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace) .Values.enforcement.excludedNamespaces | uniq | toJson }}
{{- end }}
