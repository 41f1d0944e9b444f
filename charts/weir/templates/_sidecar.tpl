{{/*
The sidecar, field by field, in CEL over `variables.c` (a dynamic map): each entry is what is checked, the expression that must hold, and
what it must be. What the injector writes (pkg/admission) and this list are kept equal by test/e2e-api.
*/}}
{{- define "weir.foreignMounts" -}}
{{- $mounts := list -}}
{{- range $name, $path := .Values.injection.foreignMounts }}{{ $mounts = append $mounts (dict "name" $name "mountPath" $path "readOnly" true) }}{{ end -}}
{{ include "weir.cel" $mounts }}
{{- end }}

{{- define "weir.env.names" -}}
["WEIR_LISTENERS", "WEIR_BUNDLE_URL", "WEIR_BUNDLE_TOKEN", "WEIR_BUNDLE_CA", "WEIR_BUNDLE_KEYS", "WEIR_BUNDLE_FALLBACK", "WEIR_BUNDLE_FOLDER", "WEIR_SPOOL_FOLDER", "WEIR_RESOLVE", "WEIR_ADMIN_LISTEN", "WEIR_CLUSTER", "WEIR_ENVIRONMENT", "WEIR_NAMESPACE", "WEIR_INSTANCE", "WEIR_WORKLOAD"{{ if include "weir.collectorUrl" . }}, "WEIR_COLLECTOR_URL", "WEIR_COLLECTOR_TOKEN", "WEIR_COLLECTOR_CA"{{ end }}]
{{- end }}

{{- define "weir.env.values" -}}
WEIR_BUNDLE_URL: {{ include "weir.bundleUrl" . }}
WEIR_BUNDLE_TOKEN: /var/run/weir/identity/token
WEIR_BUNDLE_CA: /var/run/weir/bundle/ca.crt
WEIR_BUNDLE_FALLBACK: /var/run/weir/bundle/bundle.json
WEIR_BUNDLE_FOLDER: /var/lib/weir/bundle
WEIR_SPOOL_FOLDER: /var/lib/weir/spool
WEIR_RESOLVE: Dns
WEIR_ADMIN_LISTEN: ":9464"
WEIR_CLUSTER: {{ .Values.cluster | quote }}
WEIR_ENVIRONMENT: {{ .Values.environment | quote }}
{{- with include "weir.collectorUrl" . }}
WEIR_COLLECTOR_URL: {{ . | quote }}
WEIR_COLLECTOR_TOKEN: /var/run/weir/identity/token
WEIR_COLLECTOR_CA: /var/run/weir/bundle/ca.crt
{{- end }}
{{- end }}

{{/* One of WEIR_LISTENERS, but for its namespace. The expression is a constant, so that the API server compiles it once. */}}
{{- define "weir.listener" -}}
'^127[.]83[.](0|[1-9][0-9]{0,2})[.][1-9][0-9]{0,2}:[1-9][0-9]{0,4}=[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'
{{- end }}

{{/* A member of WEIR_UPSTREAM_LOGINS, without its closing brace. */}}
{{- define "weir.login" -}}
l.startsWith('"') && l.split('"')[1].matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$') && l == '"' + l.split('"')[1] + '":{"userFile":"/var/run/weir/credentials/' + l.split('"')[1] + '/username","passwordFile":"/var/run/weir/credentials/' + l.split('"')[1] + '/password"'
{{- end }}

{{- define "weir.mounts" -}}
{{ list
  (dict "name" "weir-identity" "mountPath" "/var/run/weir/identity" "readOnly" true)
  (dict "name" "weir-bundle" "mountPath" "/var/run/weir/bundle" "readOnly" true)
  (dict "name" "weir-state" "mountPath" "/var/lib/weir") | include "weir.cel" }}
{{- end }}

{{- define "weir.securityContext.want" -}}
{{- $user := .Values.injection.openshift | ternary (dict) (dict "runAsUser" 13306) -}}
{{ merge $user (dict "runAsNonRoot" true "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) "seccompProfile" (dict "type" "RuntimeDefault")) | toJson }}
{{- end }}

{{/* OpenShift's constraints write the user id and SELinux labels. */}}
{{- define "weir.securityContext" -}}
{{- $c := "variables.c.?securityContext.orValue({})" -}}
{{- $want := include "weir.securityContext.want" . | fromJson -}}
{{- if .Values.injection.openshift -}}
dyn({{ include "weir.cel" $want }}).all(k, k in {{ $c }} && {{ $c }}[k] == {{ include "weir.cel" $want }}[k]) && {{ $c }}.all(k, k in ["runAsUser", "runAsGroup", "seLinuxOptions"] || k in {{ include "weir.cel" $want }}) && {{ $c }}[?'runAsUser'].orValue(1) != 0
{{- else -}}
{{ $c }} == dyn({{ include "weir.cel" $want }})
{{- end -}}
{{- end }}

{{/* Amounts are free. What a claim or a device's plug-in would put into the container (files, variables, hooks) is not the injector's. */}}
{{- define "weir.resources" -}}
!variables.c.?resources.?claims.hasValue() && ['limits', 'requests'].all(kind, variables.c.?resources[?kind].orValue({}).all(name, !name.contains('/')))
{{- end }}

{{/* Only how often may differ: an exec probe would run a command of the pod's author inside the sidecar. */}}
{{- define "weir.probe" -}}
variables.c.?{{ .probe }}.hasValue() && variables.c.{{ .probe }}.all(k, k in ["httpGet", "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]) && variables.c.{{ .probe }}.?httpGet.orValue({}).all(k, k in ["path", "port", "scheme"]) && variables.c.{{ .probe }}.?httpGet.?path.orValue('') == {{ .path | quote }} && variables.c.{{ .probe }}.?httpGet.?port.orValue(0) in [dyn(9464), dyn('weir-admin')] && variables.c.{{ .probe }}.?httpGet.?scheme.orValue('') == 'HTTP'
{{- end }}

{{- define "weir.fields" -}}
["name", "image", "imagePullPolicy", "command", "env", "ports", "resources", "resizePolicy", "restartPolicy", "volumeMounts", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "terminationMessagePath", "terminationMessagePolicy", "securityContext"]
{{- end }}

{{- define "weir.sidecarChecks" -}}
{{- $mesh := .Values.injection.meshContainers | toJson }}
- field: image
  expression: variables.c.?image.orValue('') == {{ include "weir.image" . | quote }}
  want: {{ include "weir.image" . }}
- field: imagePullPolicy
  expression: variables.c.?imagePullPolicy.orValue('') in [{{ .Values.image.pullPolicy | quote }}, 'Always']
  want: {{ .Values.image.pullPolicy }}
- field: command
  expression: variables.c.?command.orValue([]) == dyn(['/weir/bin/weir-sidecar'])
  want: /weir/bin/weir-sidecar
- field: restartPolicy
  expression: "variables.c.?restartPolicy.orValue('') == (size(variables.native) == 1 ? 'Always' : '')"
  want: Always as an init container, and absent as an ordinary one
- field: lifecycle
  expression: {{ include "weir.lifecycle" . | toJson }}
  want: absent as an init container, and the wait for readiness as an ordinary one
- field: "its place"
  expression: >-
    variables.siblings.all(name, name in dyn({{ $mesh }}) || variables.siblings.indexOf('weir-sidecar') <= variables.siblings.indexOf(name))
  want: before all other containers of its list but those of a service mesh
{{- if eq .Values.injection.mode "native" }}
- field: "its list"
  expression: size(variables.native) == 1 || object.metadata.?annotations[?'weir.dev/sidecar-mode'].orValue('') == 'legacy'
  want: spec.initContainers, unless the pod's annotation weir.dev/sidecar-mode says legacy
{{- end }}
- field: "its list"
  expression: size(variables.native) == 1 || size(variables.containers) > 1
  want: beside another container in spec.containers, since exec without a container's name goes into the only one
- field: ports
  expression: >-
    variables.c.?ports.orValue([]) == dyn([{"name": dyn("weir-admin"), "containerPort": dyn(9464), "protocol": dyn("TCP")}])
  want: weir-admin 9464/TCP only
- field: securityContext
  expression: {{ include "weir.securityContext" . | toJson }}
  want: that of the restricted Pod Security Standard with user 13306 and a read-only root file system, and nothing else
- field: resources
  expression: {{ include "weir.resources" . | toJson }}
  want: of CPU, memory, storage and huge pages only
- field: volumeMounts
  expression: >-
    variables.mounts.filter(m, !m.name.startsWith('weir-credentials-') && m != dyn({"name": dyn(variables.apiAccess), "mountPath": dyn("/var/run/secrets/kubernetes.io/serviceaccount"), "readOnly": dyn(true)})) == dyn({{ include "weir.mounts" . }})
  want: weir-identity and weir-bundle below /var/run/weir (read-only) and weir-state at /var/lib/weir, in this order
- field: "volumeMounts (weir-credentials-*)"
  expression: >-
    variables.mounts.filter(m, m.name.startsWith('weir-credentials-')).all(m, m == dyn({"name": dyn(m.name), "mountPath": dyn(m.mountPath), "readOnly": dyn(true)})
    && string(m.mountPath).matches('^/var/run/weir/credentials/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'))
  want: at /var/run/weir/credentials/<database>, read-only
- field: startupProbe
  expression: {{ include "weir.probe" (dict "probe" "startupProbe" "path" "/readyz") | toJson }}
  want: httpGet of /readyz on port 9464, without host and headers
- field: readinessProbe
  expression: {{ include "weir.probe" (dict "probe" "readinessProbe" "path" "/readyz") | toJson }}
  want: httpGet of /readyz on port 9464, without host and headers
- field: livenessProbe
  expression: {{ include "weir.probe" (dict "probe" "livenessProbe" "path" "/healthz") | toJson }}
  want: httpGet of /healthz on port 9464, without host and headers
- field: terminationMessagePath
  expression: variables.c.?terminationMessagePath.orValue('') == '/dev/termination-log'
  want: /dev/termination-log
- field: env
  expression: >-
    variables.envNames == dyn({{ include "weir.env.names" . }}) || variables.envNames == dyn({{ include "weir.env.names" . }} + ['WEIR_UPSTREAM_LOGINS'])
  want: exactly WEIR_LISTENERS to {{ include "weir.env.names" . | fromJsonArray | last }} in the injector's order, and WEIR_UPSTREAM_LOGINS with brokered databases
{{- range $name, $value := include "weir.env.values" . | fromYaml }}
- field: env[{{ $name }}]
  expression: {{ printf "variables.env.filter(e, e.name == '%s').all(e, e == dyn(%s))" $name (include "weir.cel" (dict "name" $name "value" $value)) | toJson }}
  want: {{ printf "%q" $value | toJson }}
{{- end }}
{{- range $name, $path := dict "WEIR_NAMESPACE" "metadata.namespace" "WEIR_INSTANCE" "metadata.name" }}
- field: env[{{ $name }}]
  expression: {{ printf "variables.env.filter(e, e.name == '%s').all(e, e == dyn(%s))" $name (include "weir.cel" (dict "name" $name "valueFrom" (dict "fieldRef" (dict "apiVersion" "v1" "fieldPath" $path)))) | toJson }}
  want: the field {{ $path }}
{{- end }}
- field: env[WEIR_WORKLOAD]
  expression: >-
    variables.env.filter(e, e.name == 'WEIR_WORKLOAD').all(e, e == dyn({"name": dyn("WEIR_WORKLOAD"), "value": dyn(e.?value.orValue(''))}) && e.?value.orValue('').matches('^[A-Za-z]+/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'))
  want: Kind/name of the pod's owner
- field: env[WEIR_LISTENERS]
  expression: >-
    variables.env.filter(e, e.name == 'WEIR_LISTENERS').all(e, e.all(k, k in ['name', 'value']))
    && variables.listeners.all(l, l.matches({{ include "weir.listener" . }}) && l.contains('=' + request.namespace + '/'))
  want: 127.83.x.y:port=namespace/database of this namespace, comma between
- field: env[WEIR_LISTENERS]
  expression: size(variables.listeners) <= 250
  want: of at most 250 databases
- field: env[WEIR_LISTENERS]
  expression: >-
    size(variables.listeners) > 250 || [variables.listeners.map(l, l.split('=')[0])].all(addresses, addresses.all(a, addresses.indexOf(a) == addresses.lastIndexOf(a)))
  want: of one database for each address
- field: env[WEIR_UPSTREAM_LOGINS]
  expression: >-
    variables.env.filter(e, e.name == 'WEIR_UPSTREAM_LOGINS').all(e, e.all(k, k in ['name', 'value'])) && variables.logins.all(l, {{ include "weir.login" . }}
    && size(variables.logins.filter(other, other == l)) == 1)
  want: "the files username and password of /var/run/weir/credentials/<database> for each database, once"
{{- end }}
