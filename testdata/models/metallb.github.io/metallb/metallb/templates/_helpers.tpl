{{/* Short name: the chart's, unless overridden. */}}
{{- define "metallb.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "metallb.fullname" -}}
{{- $short := include "metallb.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "metallb.selectorLabels" -}}
app.kubernetes.io/name: {{ include "metallb.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "metallb.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "metallb.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Service account of a component. Call with (list $ "controller"). */}}
{{- define "metallb.serviceAccountName" -}}
{{- $component := index (index . 0).Values (index . 1) -}}
{{- if $component.serviceAccount.create -}}
{{- $component.serviceAccount.name | default (printf "%s-%s" (include "metallb.fullname" (index . 0)) (index . 1)) -}}
{{- else -}}
{{- $component.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* Image reference. Call with (list $ .Values.controller.image). */}}
{{- define "metallb.image" -}}
{{- printf "%s:%s" (index . 1).repository ((index . 1).tag | default (index . 0).Chart.AppVersion) -}}
{{- end }}
