{{/* Where there is a sidecar it is ours and whole. `asked`: there is one to look at. */}}
{{- define "weir.sidecarVariables" -}}
- name: asked
  expression: variables.judged && size(variables.sidecars) > 0
# One that was put in by hand beside ours would share its name, which the API server refuses; across the two lists it refuses it, too.
- name: c
  expression: dyn(variables.sidecars[0])
- name: siblings
  expression: "(size(variables.native) > 0 ? variables.initContainers : variables.containers).map(c, c.name)"
# Without what other webhooks may add.
- name: mounts
  expression: {{ printf "variables.c.?volumeMounts.orValue([]).filter(m, !(m in %s))" (include "weir.foreignMounts" .) | toJson }}
- name: apiAccess
  expression: "variables.mounts.filter(m, m.name.startsWith('kube-api-access-')).map(m, m.name).join('')"
- name: env
  expression: {{ printf "variables.c.?env.orValue([]).filter(e, !(e.name in dyn(%s) && e.all(k, k in ['name', 'value'])))" (.Values.injection.foreignEnv | default list | toJson) | toJson }}
- name: envNames
  expression: variables.env.map(e, e.name)
- name: listeners
  expression: "variables.env.filter(e, e.name == 'WEIR_LISTENERS').map(e, string(e.?value.orValue(''))).join(',').split(',').filter(l, l != '')"
# The members of a JSON object of objects, each without its closing brace.
- name: logins
  expression: >-
    variables.env.filter(e, e.name == 'WEIR_UPSTREAM_LOGINS').map(e, string(e.?value.orValue(''))).map(v,
    v.startsWith('{') && v.endsWith('}}') ? v.substring(1, size(v) - 2).split('},') : ['?']).filter(l, true).map(l, l.join('},')).join('},').split('},').filter(l, l != '')
- name: keys
  expression: "params == null ? '' : params.?data[?'keys'].orValue('')"
{{- end }}

{{/* Of operator and collector, as the sidecar looks them up: in the pod's host aliases first. */}}
{{- define "weir.ownHosts" -}}
{{- $hosts := list (get (urlParse (include "weir.bundleUrl" .)) "hostname") -}}
{{- with include "weir.collectorUrl" . }}{{ $hosts = append $hosts (get (urlParse .) "hostname" | lower) }}{{ end -}}
{{ $hosts | toJson }}
{{- end }}

{{- define "weir.ledAway" -}}
object.spec.?hostAliases.orValue([]).exists(a, a.?hostnames.orValue([]).exists(h, h in {{ include "weir.ownHosts" . | replace "\"" "'" }}))
{{- end }}

{{- define "weir.sidecarValidations" -}}
- expression: >-
    !variables.judged || variables.mirror || !variables.asksOut || variables.optedOut
  message: >-
    {{ if eq .Values.injection.optOut "Allowed" }}weir: metadata.annotations[weir.dev/inject] is "false" without a reason. Remedy: say why in weir.dev/inject-reason, or remove weir.dev/inject.
    {{- else }}weir: metadata.annotations[weir.dev/inject] is "false", and this installation allows no pod to opt out (injection.optOut: Denied). Remedy: remove the annotation.{{ end }}
  reason: Forbidden
- expression: "!variables.asked || !object.spec.?shareProcessNamespace.orValue(false)"
  message: "weir: spec.shareProcessNamespace is true, which would open the sidecar's memory and files to the other containers. Remedy: remove it."
  reason: Forbidden
- expression: "!variables.asked || !object.spec.?hostPID.orValue(false)"
  message: "weir: spec.hostPID is true, which would open the sidecar's memory and files to the other containers. Remedy: remove it."
  reason: Forbidden
- expression: "!variables.asked || !object.spec.?hostNetwork.orValue(false)"
  message: "weir: spec.hostNetwork is true: the sidecar's loopback addresses would be the node's, shared by all its pods. Remedy: remove it, or opt the pod out with weir.dev/inject and weir.dev/inject-reason."
  reason: Forbidden
- expression: {{ printf "!variables.asked || !(%s)" (include "weir.ledAway" .) | toJson }}
  message: {{ printf "weir: spec.hostAliases leads %s elsewhere, where weir-sidecar gets its policies and leaves its records. Remedy: remove the name." (include "weir.ownHosts" . | fromJsonArray | join " or ") | toJson }}
  reason: Forbidden
- expression: "!variables.asked || variables.c.all(field, field in {{ include "weir.fields" . | replace "\"" "'" }})"
  messageExpression: >-
    'weir: container weir-sidecar has the field ' + variables.c.filter(field, !(field in {{ include "weir.fields" . | replace "\"" "'" }})).join(', ') + ', which the injector never sets. ' + {{ include "weir.remedy" . | squote }}
  message: {{ printf "weir: container weir-sidecar has a field that the injector never sets. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
{{- range include "weir.sidecarChecks" . | fromYamlArray }}
- expression: {{ printf "!variables.asked || (%s)" .expression | toJson }}
  message: {{ printf "weir: container weir-sidecar: %s must be %s. %s" .field .want (include "weir.remedy" $) | toJson }}
  reason: Forbidden
{{- end }}
{{- end }}
