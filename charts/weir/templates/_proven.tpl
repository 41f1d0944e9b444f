{{/*
What almost every pod is, told in one look: conditions under which a policy has nothing to say, so that the API server need not ask it.
It converts the pod once for a condition and three times for a policy. Each must imply that all validations of its policy hold; where
it does not hold, nothing is decided: the policy looks, and says what is wrong. No error may come of any pod, hence the optionals.
*/}}

{{/* Within what the policies can judge (the first validation of weir-pod), and far below the budget of a condition. */}}
{{- define "weir.proven.size" -}}
size(object.spec.?containers.orValue([])) + size(object.spec.?initContainers.orValue([])) <= 32
&& size(object.spec.?volumes.orValue([])) <= 64 && size(object.spec.?hostAliases.orValue([])) <= 64
&& object.spec.?hostAliases.orValue([]).all(a, size(a.?hostnames.orValue([])) <= 64)
&& (object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).all(c, size(c.?env.orValue([])) <= 128
&& size(c.?envFrom.orValue([])) <= 16 && size(c.?volumeMounts.orValue([])) <= 32)
{{- end }}

{{/* Nothing of ours is in the pod, so nothing of ours can be wrong. (That something is missing is weir-capture's to say.) */}}
{{- define "weir.proven.nothing" -}}
!(object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).exists(c, c.name == 'weir-sidecar')
&& object.spec.?volumes.orValue([]).all(v, !v.name.startsWith('weir-')
&& v.?projected.?sources.orValue([]).all(s, s.?serviceAccountToken.?audience.orValue('') != {{ include "weir.audience" . | squote }}))
{{- end }}

{{/* The injector's own work, untouched: the sidecar as a native one, first but for a mesh's, and its volumes. */}}
{{- define "weir.proven.whole" -}}
!object.spec.?shareProcessNamespace.orValue(false) && !object.spec.?hostPID.orValue(false) && !object.spec.?hostNetwork.orValue(false)
&& !({{ include "weir.ledAway" . }})
&& !object.spec.?containers.orValue([]).exists(c, c.name == 'weir-sidecar')
&& object.spec.?initContainers.orValue([]).filter(c, !(c.name in {{ .Values.injection.meshContainers | toJson }})).map(c, c.name).indexOf('weir-sidecar') == 0
&& object.spec.?initContainers.orValue([]).filter(c, c.name == 'weir-sidecar').map(c, dyn(c)).all(c, c == {{ include "weir.proven.container" . }}
{{- if .Values.injection.openshift }}
&& {{ include "weir.securityContext" . | replace "variables.c." "c." }}
{{- end }}
&& {{ include "weir.resources" . | replace "variables.c." "c." }}
&& {{ include "weir.proven.mounts" . }}
&& {{ include "weir.proven.env" . }})
&& (object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).all(c, c.name == 'weir-sidecar'
|| !c.?volumeMounts.orValue([]).exists(m, m.name.startsWith('weir-')))
&& {{ include "weir.proven.volumes" . }}
{{- if eq .Values.enforcement.powerBesideBrokered "Denied" }}
&& (!object.spec.?volumes.orValue([]).exists(v, v.name.startsWith('weir-credentials-')) || (object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))
&& !{{ include "weir.powerful" (dict "root" . "list" "(object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([]))") }}))
{{- end }}
{{- end }}

{{/* What may differ is taken from the container itself and looked at one by one afterwards, or is free. */}}
{{- define "weir.proven.container" -}}
{{- $probe := dict "timeoutSeconds" 1 "successThreshold" 1 -}}
{{- $get := dict "port" 9464 "scheme" "HTTP" -}}
{{- $ready := dict "httpGet" (merge (dict "path" "/readyz") $get) -}}
{{- $alive := dict "httpGet" (merge (dict "path" "/healthz") $get) -}}
dyn({
"name": dyn("weir-sidecar"), "image": dyn({{ include "weir.image" . | quote }}), "imagePullPolicy": dyn({{ .Values.image.pullPolicy | quote }}),
"command": dyn(["/weir/bin/weir-sidecar"]), "restartPolicy": dyn("Always"),
"ports": dyn([{"name": dyn("weir-admin"), "containerPort": dyn(9464), "protocol": dyn("TCP")}]),
"terminationMessagePath": dyn("/dev/termination-log"), ?"terminationMessagePolicy": c.?terminationMessagePolicy,
?"resources": c.?resources, ?"resizePolicy": c.?resizePolicy,
{{ if .Values.injection.openshift }}?"securityContext": c.?securityContext{{ else }}"securityContext": dyn({{ include "weir.cel" (include "weir.securityContext.want" . | fromJson) }}){{ end }},
"startupProbe": dyn({{ include "weir.cel" (merge (dict "periodSeconds" 1 "failureThreshold" 120) $ready $probe) }}),
"readinessProbe": dyn({{ include "weir.cel" (merge (dict "periodSeconds" 10 "failureThreshold" 3) $ready $probe) }}),
"livenessProbe": dyn({{ include "weir.cel" (merge (dict "periodSeconds" 10 "failureThreshold" 6) $alive $probe) }}),
"volumeMounts": dyn({{ include "weir.mounts" . }} + c.?volumeMounts.orValue([]).filter(m, !(m.name in ['weir-identity', 'weir-bundle', 'weir-state']))),
"env": dyn([
{{- $values := include "weir.env.values" . | fromYaml }}
{{- range $i, $name := include "weir.env.names" . | fromJsonArray }}
{{- if $i }},{{ end }}
{{- if hasKey $values $name }}
{"name": dyn({{ $name | quote }}), "value": dyn({{ index $values $name | quote }})}
{{- else if eq $name "WEIR_BUNDLE_KEYS" }}
{"name": dyn("WEIR_BUNDLE_KEYS"), "value": dyn(params == null ? c.?env[?{{ $i }}].?value.orValue('') : params.?data[?'keys'].orValue(''))}
{{- else if has $name (list "WEIR_NAMESPACE" "WEIR_INSTANCE") }}
{"name": dyn({{ $name | quote }}), "valueFrom": dyn({"fieldRef": {"apiVersion": "v1", "fieldPath": {{ eq $name "WEIR_NAMESPACE" | ternary "metadata.namespace" "metadata.name" | quote }}}})}
{{- else }}
{"name": dyn({{ $name | quote }}), "value": dyn(c.?env[?{{ $i }}].?value.orValue(''))}
{{- end }}
{{- end }}]
+ c.?env.orValue([]).filter(e, e.name == 'WEIR_UPSTREAM_LOGINS').map(e, {"name": dyn("WEIR_UPSTREAM_LOGINS"), "value": dyn(e.?value.orValue(''))}))
})
{{- end }}

{{/* Beside our own three: credentials, and the API's token, which the API server adds. */}}
{{- define "weir.proven.mounts" -}}
size(c.volumeMounts.filter(m, m.name.startsWith('kube-api-access-'))) <= 1
&& c.volumeMounts.all(m, m.name in ['weir-identity', 'weir-bundle', 'weir-state'] || (m == dyn({"name": dyn(m.name), "mountPath": dyn(m.mountPath), "readOnly": dyn(true)})
&& (m.name.startsWith('kube-api-access-') ? m.mountPath == '/var/run/secrets/kubernetes.io/serviceaccount'
: m.name.startsWith('weir-credentials-') && m.mountPath.matches('^/var/run/weir/credentials/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'))))
{{- end }}

{{/* The values of three variables; all else of `env` has been compared. */}}
{{- define "weir.proven.env" -}}
c.env[4].value != '' && c.env[14].value.matches('^[A-Za-z]+/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')
&& c.env[0].value.split(',').all(l, l.matches({{ include "weir.listener" . }}) && l.contains('=' + request.namespace + '/'))
&& [c.env[0].value.split(',').map(l, l.split('=')[0])].all(addresses, size(addresses) <= 32 && addresses.all(a, addresses.indexOf(a) == addresses.lastIndexOf(a)))
&& size(c.env) <= {{ include "weir.env.names" . | fromJsonArray | len | add 1 }} && c.env.filter(e, e.name == 'WEIR_UPSTREAM_LOGINS').map(e, string(e.value)).all(v, v.startsWith('{') && v.endsWith('}}')
&& [v.substring(1, size(v) - 2).split('},')].all(logins, size(logins) <= 32 && logins.all(l, logins.indexOf(l) == logins.lastIndexOf(l) && {{ include "weir.login" . }})))
{{- end }}

{{- define "weir.proven.volumes" -}}
object.spec.?volumes.orValue([]).all(v, v.name == 'weir-identity' || v.?projected.?sources.orValue([]).all(s, s.?serviceAccountToken.?audience.orValue('') != {{ include "weir.audience" . | squote }}))
&& object.spec.?volumes.orValue([]).filter(v, v.name.startsWith('weir-') && !v.name.startsWith('weir-credentials-')).map(v, dyn(v)) == dyn([
{"name": dyn("weir-identity"), "projected": dyn({"defaultMode": dyn(420), "sources": dyn([{"serviceAccountToken": {"audience": dyn({{ include "weir.audience" . | quote }}), "expirationSeconds": dyn(3600), "path": dyn("token")}}])})},
{"name": dyn("weir-bundle"), "configMap": dyn({"defaultMode": dyn(420), "name": dyn("weir-bundle"), "optional": dyn(true)})},
{"name": dyn("weir-state"), "emptyDir": dyn({"sizeLimit": "1Gi"})}])
&& object.spec.?volumes.orValue([]).filter(v, v.name.startsWith('weir-credentials-')).all(v, dyn(v) == dyn({"name": dyn(v.name), "secret": dyn({"defaultMode": dyn(420), "secretName": dyn(v.?secret.?secretName.orValue(''))})}))
{{- end }}

{{/*
For one GovernedDatabase (params): it is not this pod's, or the pod is captured for it in the ordinary way. `l` is its listener, found
once; `spellings` those of a host that is written as it will be looked up. Linear in the pod, so that no pod that fits into a request costs
more than a condition may.
*/}}
{{- define "weir.proven.captured" -}}
request.?subResource.orValue('') == ''
&& ((params.spec.?credentials.orValue('') != 'Brokered'
&& params.spec.?workloads.?matchLabels.orValue({}).exists(k, object.metadata.?labels[?k].orValue('') != params.spec.workloads.matchLabels[k]))
|| (!object.spec.?hostNetwork.orValue(false)
&& !(object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).exists(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath.contains('hosts')))
&& [(object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).filter(c, c.name == 'weir-sidecar')].all(sidecars, size(sidecars) == 1
&& [sidecars[0].?env.orValue([]).filter(e, e.name == 'WEIR_LISTENERS').map(e, string(e.?value.orValue(''))).join(',').split(',')
.filter(l, l.endsWith(':' + string(params.spec.?port.orValue(5432)) + '=' + request.namespace + '/' + params.metadata.name))].all(mine, size(mine) == 1
&& [mine[0].split(':')[0]].all(address, {{ include "weir.proven.led" . }}))
&& (params.spec.?credentials.orValue('') != 'Brokered' || [string(params.spec.?credentialsSecret.orValue(''))].all(secret, {{ include "weir.proven.brokered" . }})))))
{{- end }}

{{/* Every spelling leads to `address`: one alias has them, and no other has any. Hosts that are not written plainly are for the policy. */}}
{{- define "weir.proven.led" -}}
{{- $domain := .Values.clusterDomain -}}
[string(params.spec.host)].all(host, host == host.lowerAscii() && !host.startsWith('/') && !host.endsWith('.') && !isIP(host) && [host.split('.')].all(p,
[size(p) == 1 ? host + '.' + request.namespace : size(p) == 2 ? host
: size(p) == 3 && p[2] == 'svc' ? p[0] + '.' + p[1]
: size(p) == {{ add 3 (splitList "." $domain | len) }} && host.endsWith('.svc.{{ $domain }}') ? p[0] + '.' + p[1]
: host.endsWith('.svc') || host.endsWith('.svc.{{ $domain }}') ? '?' : ''].all(service, service != '?'
&& [service == '' ? [host] : (service == p[0] + '.' + request.namespace ? [p[0]] : []) + [service, service + '.svc', service + '.svc.{{ $domain }}']].all(spellings,
[object.spec.?hostAliases.orValue([]).filter(a, a.?hostnames.orValue([]).exists(h, h in spellings))].all(homes,
size(homes) == 1 && homes[0].ip == address && spellings.all(s, s in homes[0].hostnames))))))
{{- end }}

{{/* The Secret of brokered credentials is the sidecar's alone, and mounted there. */}}
{{- define "weir.proven.brokered" -}}
secret != '' && !object.spec.?dnsConfig.hasValue() && size(object.spec.?ephemeralContainers.orValue([])) == 0
&& object.spec.?volumes.orValue([]).all(v, v.name.startsWith('weir-credentials-') || (v.?secret.?secretName.orValue('') != secret
&& v.?projected.?sources.orValue([]).all(s, s.?secret.?name.orValue('') != secret)
&& v.all(k, k in ['name', 'emptyDir', 'configMap', 'secret', 'projected', 'downwardAPI', 'persistentVolumeClaim', 'hostPath', 'ephemeral'])))
&& (object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([])).all(c,
c.?env.orValue([]).all(e, e.?valueFrom.?secretKeyRef.?name.orValue('') != secret) && c.?envFrom.orValue([]).all(e, e.?secretRef.?name.orValue('') != secret))
&& sidecars[0].?volumeMounts.orValue([]).exists(m, m.mountPath == '/var/run/weir/credentials/' + params.metadata.name && m.name.startsWith('weir-credentials-')
&& object.spec.?volumes.orValue([]).exists(v, v.name == m.name && v.?secret.?secretName.orValue('') == secret))
&& sidecars[0].?env.orValue([]).exists(e, e.name == 'WEIR_UPSTREAM_LOGINS' && e.?value.orValue('').contains('"' + params.metadata.name + '":{'))
{{- end }}
