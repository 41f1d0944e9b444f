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
    && request.?subResource.orValue('') == '' && !string(params.spec.host).startsWith('/')
- name: host
  expression: "string(params.spec.host).lowerAscii().matches('.\\\\.$') ? string(params.spec.host).lowerAscii().substring(0, size(string(params.spec.host)) - 1) : string(params.spec.host).lowerAscii()"
- name: brokered
  expression: params.spec.?credentials.orValue('') == 'Brokered'
- name: secret
  expression: "variables.brokered ? string(params.spec.?credentialsSecret.orValue('')) : ''"
- name: what
  expression: "'GovernedDatabase ' + params.metadata.name + ' (host ' + string(params.spec.host) + ')'"
- name: listeners
  expression: >-
    variables.sidecars.map(c, c.?env.orValue([]).filter(e, e.name == 'WEIR_LISTENERS').map(e, string(e.?value.orValue(''))).join(',')).join(',').split(',')
# Neither an address nor the folder of a unix socket has a name to capture; coverage reports those.
- name: named
  expression: "!isIP(variables.host) && !variables.host.matches('^(.+[.])?localhost$') && variables.host.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')"
- name: labelsOfHost
  expression: size(variables.host.split('.'))
# `name.namespace` of a Service's name in any spelling; '' of a name that is none.
- name: service
  expression: >-
    variables.host.matches('.[.].+[.]svc[.]{{ .Values.clusterDomain | replace "." "[.]" }}$') ? variables.host.substring(0, size(variables.host) - size('.svc.{{ .Values.clusterDomain }}')) :
    variables.host.matches('.[.].+[.]svc$') ? variables.host.substring(0, size(variables.host) - 4) :
    variables.labelsOfHost == 1 ? variables.host + '.' + request.namespace :
    variables.labelsOfHost == 2 ? variables.host : ''
- name: spellings
  expression: >-
    !variables.named ? [] : variables.service == '' ? [variables.host] :
    (variables.service.endsWith('.' + request.namespace) ? [variables.service.substring(0, size(variables.service) - size(request.namespace) - 1)] : [])
    + [variables.service, variables.service + '.svc', variables.service + '.svc.{{ .Values.clusterDomain }}'].filter(s, size(s) <= 253)
- name: port
  expression: "string(params.spec.?port.orValue(5432))"
- name: aliases
  expression: object.spec.?hostAliases.orValue([])
- name: ref
  expression: request.namespace + '/' + params.metadata.name
# Where the pod leads the host's first spelling. Worked out once: a list of listeners that walked all aliases could use up the budget.
- name: homes
  expression: >-
    size(variables.spellings) == 0 ? [] : variables.aliases.filter(a, variables.spellings[0] in a.?hostnames.orValue([])).map(a, string(a.ip))
# This database's listener. Two databases of one host and port cannot both have one: then that of the first by name stands for both.
- name: mine
  expression: >-
    variables.listeners.exists(l, l.endsWith('=' + variables.ref)) ? variables.listeners.filter(l, l.endsWith(':' + variables.port + '=' + variables.ref)) :
    variables.listeners.filter(l, l.contains(':' + variables.port + '=') && l.split('=')[1] < variables.ref
    && size(variables.homes) > 0 && l.startsWith(variables.homes[0] + ':'))
- name: address
  expression: "size(variables.mine) == 1 ? variables.mine[0].split(':')[0] : ''"
- name: astray
  expression: >-
    variables.spellings.filter(s, !variables.aliases.exists(a, a.ip == variables.address && s in a.?hostnames.orValue([]))
    || variables.aliases.exists(a, a.ip != variables.address && s in a.?hostnames.orValue([])))
- name: folder
  expression: "'/var/run/weir/credentials/' + params.metadata.name"
- name: all
  expression: variables.containers + variables.initContainers
{{- end }}

{{- define "weir.secretTaken" -}}
({{ . }}.exists(c, c.?env.orValue([]).exists(e, e.?valueFrom.?secretKeyRef.?name.orValue('') == variables.secret) || c.?envFrom.orValue([]).exists(e, e.?secretRef.?name.orValue('') == variables.secret)))
{{- end }}

{{/* `message` is CEL and follows 'weir: '. */}}
{{- define "weir.captureChecks" -}}
- expression: "!variables.required || size(variables.sidecars) > 0"
  message: "'spec.initContainers has no weir-sidecar, and this namespace is governed (annotation weir.dev/governance: enabled): ' + variables.what + ' covers this pod. Remedy: none in the pod; the injector was down or has not seen the namespace yet, and controllers try again by themselves (`weir inject --explain -f FILE` shows what belongs in the pod; docs/kubernetes.md). To run it ungoverned, annotate it weir.dev/inject: false with weir.dev/inject-reason.'"
  fallback: spec.initContainers has no weir-sidecar, and this namespace is governed
- expression: "!variables.required || size(variables.sidecars) == 0 || size(variables.mine) == 1"
  message: "'container weir-sidecar: env[WEIR_LISTENERS] must name once ' + variables.ref + ' with port ' + variables.port + ': ' + variables.what + ' covers this pod. Remedy: try again; the injector had not seen it.'"
  fallback: "env[WEIR_LISTENERS] of weir-sidecar lacks a GovernedDatabase of this namespace"
- expression: "!variables.required || size(variables.mine) != 1 || size(variables.astray) == 0"
  message: "'spec.hostAliases must lead ' + variables.astray.join(', ') + ' to ' + variables.address + ' and nowhere else: ' + variables.what + ' is behind weir-sidecar there. Remedy: remove these names from the host aliases of the pod template; Weir adds its own.'"
  fallback: spec.hostAliases must lead every spelling of a governed host to the sidecar
- expression: "!variables.required || !object.spec.?hostNetwork.orValue(false)"
  message: "'spec.hostNetwork is true: such a pod shares the loopback of its node and cannot be governed, but ' + variables.what + ' covers it. Remedy: remove hostNetwork, or opt the pod out with weir.dev/inject: false and weir.dev/inject-reason.'"
  fallback: spec.hostNetwork is true, so that the pod cannot be governed
- expression: "!variables.required || !(variables.all + []).exists(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath.matches('^(/|\\\\./)*etc(/|/\\\\.)*/hosts(/|/\\\\.)*$|/\\\\.\\\\./.*hosts(/|/\\\\.)*$')))"
  message: "'a container mounts a volume at /etc/hosts, which would hide the host aliases of ' + variables.what + '. Remedy: remove the mount; use spec.hostAliases.'"
  fallback: a container mounts a volume at /etc/hosts, which would hide the host aliases
- expression: "!variables.required || !variables.brokered || size(object.spec.?dnsConfig.?nameservers.orValue([]) + object.spec.?dnsConfig.?searches.orValue([])) == 0"
  message: "'spec.dnsConfig with nameservers or searches would tell weir-sidecar where ' + variables.what + ' is, and its credentials are brokered. Remedy: remove it.'"
  fallback: spec.dnsConfig with nameservers or searches beside a brokered database
- expression: >-
    !variables.required || !variables.brokered || !variables.listeners.exists(l, l.endsWith('=' + variables.ref))
    || variables.sidecars.all(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath == variables.folder && m.name.startsWith('weir-credentials-')
    && variables.volumes.exists(v, v.name == m.name && v.?secret.?secretName.orValue('') == variables.secret)))
  message: "'container weir-sidecar must mount the Secret ' + variables.secret + ' as a weir-credentials volume at ' + variables.folder + ': the credentials of ' + variables.what + ' are brokered. Remedy: try again; the injector had not seen it.'"
  fallback: weir-sidecar does not mount the Secret of a brokered database
- expression: >-
    !variables.required || !variables.brokered || !variables.listeners.exists(l, l.endsWith('=' + variables.ref))
    || variables.sidecars.all(c, c.?env.orValue([]).exists(e, e.name == 'WEIR_UPSTREAM_LOGINS' && e.?value.orValue('').contains('"' + params.metadata.name + '":{')))
  message: "'container weir-sidecar: env[WEIR_UPSTREAM_LOGINS] must name ' + params.metadata.name + ': the credentials of ' + variables.what + ' are brokered. Remedy: try again; the injector had not seen it.'"
  fallback: env[WEIR_UPSTREAM_LOGINS] of weir-sidecar lacks a brokered database
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
