{{/* Image reference; a global registry wins. Call with (dict "image" IMAGE "global" .Values.global "tag" DEFAULT). */}}
{{- define "common.image" -}}
{{- $registry := (.global | default dict).imageRegistry | default .image.registry -}}
{{- $tag := .image.tag | default .tag -}}
{{- if .image.digest -}}
{{- printf "%s/%s@%s" $registry .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s/%s:%s" $registry .image.repository $tag -}}
{{- end -}}
{{- end }}

{{/* A security context without the key that says whether it applies. */}}
{{- define "common.securityContext" -}}
{{- if .enabled -}}
{{- omit . "enabled" | toYaml -}}
{{- else -}}
{}
{{- end -}}
{{- end }}

{{/* Storage class line of a claim: "-" asks for none. Call with (dict "class" CLASS "global" .Values.global). */}}
{{- define "common.storageClass" -}}
{{- $class := (.global | default dict).storageClass | default .class -}}
{{- if eq $class "-" -}}
storageClassName: ""
{{- else if $class -}}
storageClassName: {{ $class }}
{{- end -}}
{{- end }}
