{{/* As an ordinary container the sidecar holds up the next one until it is ready; as an init container its startupProbe does. */}}
{{- define "weir.lifecycle" -}}
variables.c.?lifecycle.orValue({}) == (size(variables.native) == 1 ? dyn({}) : dyn({"postStart": {"exec": {"command": ["/weir/bin/weir-sidecar", "wait"]}}}))
{{- end }}
