{{/*
CEL that the policies share. Read with the annotation of the namespace in `validations` and `variables` only: in matchConditions
namespaceObject is empty, and the policy would deny every pod of the cluster.
*/}}
{{- define "weir.governed" -}}
namespaceObject.metadata.?annotations[?'weir.dev/governance'].orValue('') == 'enabled'
{{- end }}

{{/* Pods of these namespaces are never looked at: {resourceRules} is given by the caller. */}}
{{- define "weir.elsewhere" -}}
namespaceSelector:
  matchExpressions:
    - {key: kubernetes.io/metadata.name, operator: NotIn, values: {{ include "weir.neverNamespaces" . }}}
{{- end }}

{{- define "weir.binding" -}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ .name }}
  labels: {{- include "weir.labels" .root | nindent 4 }}
spec:
  policyName: {{ .policy | default .name }}
  {{- with .paramRef }}
  paramRef: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .matchResources }}
  matchResources: {{- toYaml . | nindent 4 }}
  {{- end }}
  validationActions: [{{ .root.Values.enforcement.action }}{{ if eq .root.Values.enforcement.action "Deny" }}, Audit{{ end }}]
{{- end }}

{{/*
A pod as every policy sees it. `unchanged`: an update that leaves all containers as they are (labels, finalizers, owners): it must pass
for pods that are older than governance or than this version, or nobody could clean up after them.
*/}}
{{- define "weir.podVariables" -}}
- name: governed
  expression: {{ include "weir.governed" . | toJson }}
- name: initContainers
  expression: object.spec.?initContainers.orValue([])
- name: containers
  expression: object.spec.?containers.orValue([])
- name: ephemeralContainers
  expression: object.spec.?ephemeralContainers.orValue([])
- name: volumes
  expression: object.spec.?volumes.orValue([])
- name: mirror
  expression: >-
    'kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}) && 'system:nodes' in request.userInfo.?groups.orValue([])
- name: unchanged
  expression: >-
    request.operation == 'UPDATE' && request.?subResource.orValue('') == ''
    && dyn(variables.containers) == dyn(oldObject.spec.?containers.orValue([]))
    && dyn(variables.initContainers) == dyn(oldObject.spec.?initContainers.orValue([]))
- name: asksOut
  expression: object.metadata.?annotations[?'weir.dev/inject'].orValue('') == 'false'
- name: optedOut
  expression: {{ if eq .Values.injection.optOut "Allowed" }}>-
    variables.asksOut && object.metadata.?annotations[?'weir.dev/inject-reason'].orValue('').trim() != ''{{ else }}"false"{{ end }}
- name: native
  expression: variables.initContainers.filter(c, c.name == 'weir-sidecar')
- name: legacy
  expression: variables.containers.filter(c, c.name == 'weir-sidecar')
- name: sidecars
  expression: variables.native + variables.legacy
- name: others
  expression: >-
    variables.containers.filter(c, c.name != 'weir-sidecar') + variables.initContainers.filter(c, c.name != 'weir-sidecar')
{{- end }}

{{/* A container of {list} that could leave its own confines; those of a mesh lead the pod's traffic, and may. */}}
{{- define "weir.powerful" -}}
{{ .list }}.exists(c, c.?securityContext.?privileged.orValue(false) || c.?securityContext.?capabilities.?add.orValue([]).exists(p, !(string(p).upperAscii() in ['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']) && !(c.name in dyn({{ .root.Values.injection.meshContainers | toJson | replace "\"" "'" }}) && string(p).upperAscii() in ['NET_ADMIN', 'NET_RAW'])))
{{- end }}

{{- define "weir.remedy" -}}
Remedy: leave weir-sidecar, weir-* volumes and their mounts out of the pod template, and let Weir add them; where it should have, its injector is down or of another version: controllers try again by themselves. `weir inject --explain -f FILE` shows what belongs in the pod; docs/kubernetes.md tells what each refusal means.
{{- end }}

{{/* A value as a CEL literal. The API server's CEL wants the members of a literal to be of one type: dyn() makes them so. */}}
{{- define "weir.cel" -}}
{{- if kindIs "map" . -}}
{ {{- $first := true }}{{ range $key, $value := . }}{{ if not $first }}, {{ end }}{{ $first = false }}{{ $key | quote }}: dyn({{ include "weir.cel" $value }}){{ end -}} }
{{- else if kindIs "slice" . -}}
[{{ range $index, $value := . }}{{ if $index }}, {{ end }}dyn({{ include "weir.cel" $value }}){{ end }}]
{{- else if kindIs "string" . -}}
{{ . | toJson }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}
