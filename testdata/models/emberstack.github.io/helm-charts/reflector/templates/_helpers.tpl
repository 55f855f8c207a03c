{{/* Short name: the chart's, unless overridden. */}}
{{- define "reflector.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "reflector.fullname" -}}
{{- $short := include "reflector.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "reflector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "reflector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "reflector.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "reflector.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Name of the service account. */}}
{{- define "reflector.serviceAccountName" -}}
{{- .Values.serviceAccount.create | ternary (.Values.serviceAccount.name | default (include "reflector.fullname" .)) (.Values.serviceAccount.name | default "default") -}}
{{- end }}
