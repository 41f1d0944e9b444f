{{/* What is the sidecar's stays the sidecar's. `judged`: a pod of a governed namespace, whole. */}}
{{- define "weir.custodyVariables" -}}
- name: judged
  expression: variables.governed && !variables.unchanged && request.?subResource.orValue('') == ''
- name: ours
  expression: "variables.volumes.filter(v, v.name.startsWith('weir-')).map(v, dyn(v))"
- name: audience
  expression: {{ include "weir.audience" . | squote | toJson }}
{{- end }}

{{- define "weir.custodyValidations" -}}
- expression: >-
    !variables.judged || variables.volumes.all(v, v.name == 'weir-identity' || v.?projected.?sources.orValue([]).all(s, s.?serviceAccountToken.?audience.orValue('') != variables.audience))
  message: {{ printf "weir: spec.volumes: only weir-identity may hold a token of the audience %s: with it a container could pass for weir-sidecar. Remedy: use another audience." (include "weir.audience" .) | toJson }}
  reason: Forbidden
- expression: "!variables.judged || size(variables.ours) == 0 || size(variables.sidecars) > 0"
  message: {{ printf "weir: spec.volumes: names that begin with weir- are weir-sidecar's, and the pod has none. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: >-
    !variables.judged || variables.ours.all(v, v.name in ['weir-identity', 'weir-bundle', 'weir-state'] || v.name.startsWith('weir-credentials-'))
  messageExpression: >-
    'weir: spec.volumes: ' + variables.ours.map(v, string(v.name)).filter(n, !(n in ['weir-identity', 'weir-bundle', 'weir-state']) && !n.startsWith('weir-credentials-')).join(', ') + ': names that begin with weir- are kept for weir-sidecar. Remedy: rename the volume.'
  message: "weir: spec.volumes: names that begin with weir- are kept for weir-sidecar. Remedy: rename the volume."
  reason: Forbidden
- expression: >-
    !variables.judged || variables.ours.filter(v, v.name == 'weir-identity').all(v, v.all(k, k in ['name', 'projected'])
    && v.?projected.?sources.orValue([]) == dyn([{"serviceAccountToken": {"audience": dyn(variables.audience), "expirationSeconds": dyn(3600), "path": dyn("token")}}]))
  message: {{ printf "weir: spec.volumes[weir-identity] must be a projected token of the audience %s, 3600 seconds, at `token`. %s" (include "weir.audience" .) (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: >-
    !variables.judged || variables.ours.filter(v, v.name == 'weir-bundle').all(v, v.all(k, k in ['name', 'configMap'])
    && v.?configMap.orValue({}).all(k, k in ['name', 'optional', 'defaultMode']) && v.?configMap.?name.orValue('') == 'weir-bundle' && v.?configMap.?optional.orValue(false))
  message: {{ printf "weir: spec.volumes[weir-bundle] must be the ConfigMap weir-bundle, optional. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: >-
    !variables.judged || variables.ours.filter(v, v.name == 'weir-state').all(v, v == dyn({"name": dyn("weir-state"), "emptyDir": dyn({"sizeLimit": "1Gi"})}))
  message: {{ printf "weir: spec.volumes[weir-state] must be an emptyDir of at most 1Gi. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: >-
    !variables.judged || variables.ours.filter(v, v.name.startsWith('weir-credentials-')).all(v, v.all(k, k in ['name', 'secret'])
    && v.?secret.orValue({}).all(k, k in ['secretName', 'defaultMode', 'optional']))
  message: {{ printf "weir: spec.volumes[weir-credentials-*] must be a whole Secret. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: >-
    !variables.judged || size(variables.sidecars) == 0 || ['weir-identity', 'weir-bundle', 'weir-state'].all(n, variables.ours.exists(v, v.name == n))
  message: {{ printf "weir: spec.volumes lacks weir-identity, weir-bundle or weir-state. %s" (include "weir.remedy" .) | toJson }}
  reason: Forbidden
- expression: "!variables.judged || !variables.others.exists(c, c.?volumeMounts.orValue([]).exists(m, m.name.startsWith('weir-')))"
  messageExpression: >-
    'weir: container ' + variables.others.filter(c, c.?volumeMounts.orValue([]).exists(m, m.name.startsWith('weir-'))).map(c, c.name).join(', ') + ': volumeMounts has a weir-* volume, which only weir-sidecar may mount. Remedy: remove the mount.'
  message: "weir: volumeMounts of a container has a weir-* volume, which only weir-sidecar may mount. Remedy: remove the mount."
  reason: Forbidden
- expression: "!variables.governed || !variables.ephemeralContainers.exists(c, c.?targetContainerName.orValue('') == 'weir-sidecar')"
  message: "weir: spec.ephemeralContainers: targetContainerName is weir-sidecar, whose memory and files are not for looking into. Remedy: debug the application's container (kubectl debug --target=…)."
  reason: Forbidden
- expression: "!variables.governed || !variables.ephemeralContainers.exists(c, c.?volumeMounts.orValue([]).exists(m, m.name.startsWith('weir-')))"
  message: "weir: spec.ephemeralContainers: volumeMounts has a weir-* volume, which only weir-sidecar may mount. Remedy: remove the mount."
  reason: Forbidden
{{- if eq .Values.enforcement.powerBesideBrokered "Denied" }}
- expression: {{ printf "!variables.governed || variables.unchanged || !variables.volumes.exists(v, v.name.startsWith('weir-credentials-')) || !(%s || %s)" (include "weir.powerful" (dict "root" . "list" "variables.others")) (include "weir.powerful" (dict "root" . "list" "variables.ephemeralContainers")) | toJson }}
  message: "weir: a container is privileged or adds a capability with which it could reach the brokered credentials or the sidecar's connections. Remedy: remove privileged and capabilities.add (NET_BIND_SERVICE and the like may stay), or credentials: PassThrough."
  reason: Forbidden
- expression: >-
    !variables.judged || !variables.volumes.exists(v, v.name.startsWith('weir-credentials-'))
    || variables.volumes.all(v, !has(v.hostPath) || v.hostPath.path in ['/etc/localtime', '/etc/timezone', '/usr/share/zoneinfo'])
  message: "weir: spec.volumes has a hostPath, through which a container could reach the brokered credentials. Remedy: remove it (/etc/localtime, /etc/timezone and /usr/share/zoneinfo may stay), or credentials: PassThrough."
  reason: Forbidden
{{- end }}
{{- end }}
