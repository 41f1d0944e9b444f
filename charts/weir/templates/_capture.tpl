{{- define "weir.captureVariables" -}}
- name: labels
  expression: object.metadata.?labels.orValue({})
- name: selected
  expression: >-
    params.spec.?workloads.?matchLabels.orValue({}).all(k, k in variables.labels && variables.labels[k] == params.spec.workloads.matchLabels[k])
    && params.spec.?workloads.?matchExpressions.orValue([]).all(r,
    r.operator == 'In' ? r.key in variables.labels && variables.labels[r.key] in r.?values.orValue([]) :
    r.operator == 'NotIn' ? !(r.key in variables.labels && variables.labels[r.key] in r.?values.orValue([])) :
    r.operator == 'Exists' ? r.key in variables.labels :
    r.operator == 'DoesNotExist' ? !(r.key in variables.labels) : true)
- name: required
  expression: >-
    variables.governed && !variables.unchanged && !variables.mirror && !variables.optedOut && variables.selected
    && request.?subResource.orValue('') == ''
- name: host
  expression: "string(params.spec.host).lowerAscii()"
- name: brokered
  expression: params.spec.?credentials.orValue('') == 'Brokered'
- name: secret
  expression: "variables.brokered ? string(params.spec.?credentialsSecret.orValue('')) : ''"
- name: what
  expression: "'GovernedDatabase ' + params.metadata.name + ' (host ' + string(params.spec.host) + ')'"
- name: listeners
  expression: >-
    variables.sidecars.map(c, c.?env.orValue([]).filter(e, e.name == 'WEIR_LISTENERS').map(e, string(e.?value.orValue(''))).join(',')).join(',').split(',')
- name: mine
  expression: "variables.listeners.filter(l, l.endsWith(':' + string(params.spec.?port.orValue(5432)) + '=' + request.namespace + '/' + params.metadata.name))"
- name: address
  expression: "size(variables.mine) == 1 ? variables.mine[0].split(':')[0] : ''"
- name: parts
  expression: variables.host.split('.')
# [service, namespace] when the host is a Service by its spelling, else [].
- name: service
  expression: >-
    size(variables.parts) == 1 ? [variables.host, request.namespace] :
    variables.host.endsWith('.svc') && size(variables.parts) == 3 ? [variables.parts[0], variables.parts[1]] :
    variables.host.endsWith('.svc.{{ .Values.clusterDomain }}') && size(variables.parts) == 3 + {{ .Values.clusterDomain | splitList "." | len }} ? [variables.parts[0], variables.parts[1]] :
    size(variables.parts) == 2 && variables.parts[1] == request.namespace ? [variables.parts[0], variables.parts[1]] : []
# Neither an address nor the folder of a unix socket has a name to capture; coverage reports those.
- name: named
  expression: "!isIP(variables.host) && !variables.host.startsWith('/') && !variables.host.contains(':')"
- name: spellings
  expression: >-
    !variables.named ? [] : size(variables.service) == 0 ? [variables.host] :
    (variables.service[1] == request.namespace ? [variables.service[0]] : []) + [variables.service[0] + '.' + variables.service[1],
    variables.service[0] + '.' + variables.service[1] + '.svc', variables.service[0] + '.' + variables.service[1] + '.svc.{{ .Values.clusterDomain }}']
- name: aliases
  expression: object.spec.?hostAliases.orValue([])
- name: astray
  expression: >-
    variables.spellings.filter(s, !variables.aliases.exists(a, a.ip == variables.address && s in a.?hostnames.orValue([]))
    || variables.aliases.exists(a, a.ip != variables.address && s in a.?hostnames.orValue([])))
- name: all
  expression: variables.containers + variables.initContainers
{{- end }}

{{- define "weir.secretTaken" -}}
({{ . }}.exists(c, c.?env.orValue([]).exists(e, e.?valueFrom.?secretKeyRef.?name.orValue('') == variables.secret) || c.?envFrom.orValue([]).exists(e, e.?secretRef.?name.orValue('') == variables.secret)))
{{- end }}

{{/* `message` is CEL and follows 'weir: '. */}}
{{- define "weir.captureChecks" -}}
- expression: "!variables.required || size(variables.sidecars) > 0"
  message: "'spec.initContainers has no weir-sidecar, and this namespace is governed (annotation weir.dev/governance: enabled): ' + variables.what + ' covers this pod. Remedy: none in the pod; the injector was down or has not seen the namespace yet, and controllers try again by themselves (kubectl weir doctor). To run it ungoverned, annotate it weir.dev/inject: false with weir.dev/inject-reason.'"
  fallback: spec.initContainers has no weir-sidecar, and this namespace is governed
- expression: "!variables.required || size(variables.sidecars) == 0 || size(variables.mine) == 1"
  message: "'container weir-sidecar: env[WEIR_LISTENERS] must name once ' + request.namespace + '/' + params.metadata.name + ' with port ' + string(params.spec.?port.orValue(5432)) + ': ' + variables.what + ' covers this pod. Remedy: try again; the injector had not seen it.'"
  fallback: "env[WEIR_LISTENERS] of weir-sidecar lacks a GovernedDatabase of this namespace"
- expression: "!variables.required || size(variables.mine) != 1 || size(variables.astray) == 0"
  message: "'spec.hostAliases must lead ' + variables.astray.join(', ') + ' to ' + variables.address + ' and nowhere else: ' + variables.what + ' is behind weir-sidecar there. Remedy: remove these names from the host aliases of the pod template; Weir adds its own.'"
  fallback: spec.hostAliases must lead every spelling of a governed host to the sidecar
- expression: "!variables.required || !object.spec.?hostNetwork.orValue(false)"
  message: "'spec.hostNetwork is true: such a pod shares the loopback of its node and cannot be governed, but ' + variables.what + ' covers it. Remedy: remove hostNetwork, or opt the pod out with weir.dev/inject: false and weir.dev/inject-reason.'"
  fallback: spec.hostNetwork is true, so that the pod cannot be governed
- expression: "!variables.required || !(variables.all + []).exists(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath.matches('^/*etc/+(\\\\.?/+)*hosts/*$')))"
  message: "'a container mounts a volume at /etc/hosts, which would hide the host aliases of ' + variables.what + '. Remedy: remove the mount; use spec.hostAliases.'"
  fallback: a container mounts a volume at /etc/hosts, which would hide the host aliases
- expression: "!variables.required || !variables.brokered || size(object.spec.?dnsConfig.?nameservers.orValue([])) == 0"
  message: "'spec.dnsConfig.nameservers would tell weir-sidecar where ' + variables.what + ' is, and its credentials are brokered. Remedy: remove it.'"
  fallback: spec.dnsConfig.nameservers beside a brokered database
- expression: "!variables.required || !variables.brokered || variables.sidecars.all(c, c.?volumeMounts.orValue([]).exists(m, m.name == 'weir-credentials-' + params.metadata.name) && c.?env.orValue([]).exists(e, e.name == 'WEIR_UPSTREAM_LOGINS' && e.?value.orValue('').contains('/var/run/weir/credentials/' + params.metadata.name + '/')))"
  message: "'container weir-sidecar: the mount weir-credentials-' + params.metadata.name + ' and its entry in env[WEIR_UPSTREAM_LOGINS] must be there: the credentials of ' + variables.what + ' are brokered. Remedy: try again; the injector had not seen it.'"
  fallback: weir-sidecar lacks the credentials of a brokered database
- expression: "!variables.required || !variables.brokered || variables.volumes.exists(v, v.name == 'weir-credentials-' + params.metadata.name && v.?secret.?secretName.orValue('') == variables.secret)"
  message: "'spec.volumes[weir-credentials-' + params.metadata.name + '] must be the Secret ' + variables.secret + ', which holds the credentials of ' + variables.what + '. Remedy: try again; the injector had not seen it.'"
  fallback: a weir-credentials volume is not the Secret of its database
- expression: >-
    !variables.governed || variables.secret == '' || variables.unchanged || !variables.volumes.exists(v, !v.name.startsWith('weir-credentials-') && (
    v.?secret.?secretName.orValue('') == variables.secret
    || v.?projected.?sources.orValue([]).exists(s, s.?secret.?name.orValue('') == variables.secret)
    || v.?csi.?nodePublishSecretRef.?name.orValue('') == variables.secret || v.?flexVolume.?secretRef.?name.orValue('') == variables.secret
    || v.?cephfs.?secretRef.?name.orValue('') == variables.secret || v.?rbd.?secretRef.?name.orValue('') == variables.secret
    || v.?iscsi.?secretRef.?name.orValue('') == variables.secret || v.?scaleIO.?secretRef.?name.orValue('') == variables.secret
    || v.?storageos.?secretRef.?name.orValue('') == variables.secret || v.?azureFile.?secretName.orValue('') == variables.secret))
  message: "'spec.volumes mounts the Secret ' + variables.secret + ', whose credentials are brokered for ' + variables.what + ': only weir-sidecar may have it. Remedy: remove the volume; the application needs no password of the database.'"
  fallback: spec.volumes mounts a Secret whose credentials are brokered
- expression: {{ printf "!variables.governed || variables.secret == '' || variables.unchanged || !(%s || %s)" (include "weir.secretTaken" "variables.all") (include "weir.secretTaken" "variables.ephemeralContainers") | toJson }}
  message: "'env or envFrom of a container reads the Secret ' + variables.secret + ', whose credentials are brokered for ' + variables.what + ': only weir-sidecar may have it. Remedy: remove it; the application needs no password of the database.'"
  fallback: env or envFrom reads a Secret whose credentials are brokered
{{- end }}
