{{/* Short name: the chart's, unless overridden. */}}
{{- define "cert-manager.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "cert-manager.fullname" -}}
{{- $short := include "cert-manager.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "cert-manager.selectorLabels" -}}
app.kubernetes.io/name: {{ include "cert-manager.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "cert-manager.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "cert-manager.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* One component's name: cert-manager-webhook for "webhook". Call with (list $ "webhook"). */}}
{{- define "cert-manager.component" -}}
{{- printf "%s-%s" (include "cert-manager.fullname" (index . 0)) (index . 1) | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Labels that select one component. Call with (list $ "webhook"). */}}
{{- define "cert-manager.componentSelector" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 | quote }}
{{- end }}

{{/* Labels of one component's objects. */}}
{{- define "cert-manager.componentLabels" -}}
{{ include "cert-manager.componentSelector" . }}
{{- with index . 0 }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- end }}

{{/* Image reference of a component. Call with (list $ .Values.webhook). */}}
{{- define "cert-manager.image" -}}
{{- $image := (index . 1).image -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (index . 0).Chart.AppVersion) -}}
{{- end }}
