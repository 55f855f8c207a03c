{{/* Short name: the chart's, unless overridden. */}}
{{- define "netbox.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "netbox.fullname" -}}
{{- $short := include "netbox.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "netbox.selectorLabels" -}}
app.kubernetes.io/name: {{ include "netbox.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "netbox.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "netbox.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Image of NetBox. */}}
{{- define "netbox.image" -}}
{{- include "common.image" (dict "image" .Values.image "global" .Values.global "tag" .Chart.AppVersion) -}}
{{- end }}

{{/* Name of the service account. */}}
{{- define "netbox.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "netbox.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* Container and volumes that web, worker and housekeeping share. Call with (list $ "netbox" COMMAND). */}}
{{- define "netbox.container" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
name: {{ index . 1 }}
image: {{ include "netbox.image" $root }}
imagePullPolicy: {{ $values.image.pullPolicy }}
{{- with index . 2 }}
command: {{ toJson . }}
{{- end }}
securityContext:
  {{- include "common.securityContext" $values.securityContext | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: /etc/netbox/config/configuration.py
    subPath: configuration.py
    readOnly: true
  - name: config
    mountPath: /run/config/netbox
    readOnly: true
  - name: secrets
    mountPath: /run/secrets/netbox
    readOnly: true
  {{- range $i, $extra := $values.extraConfig }}
  - name: extra-config-{{ $i }}
    mountPath: /run/config/extra/{{ $i }}
    readOnly: true
  {{- end }}
  - name: tmp
    mountPath: /tmp
  - name: media
    mountPath: /opt/netbox/netbox/media
{{- end }}

{{/* Volumes of the container above. */}}
{{- define "netbox.volumes" -}}
- name: config
  configMap:
    name: {{ include "netbox.fullname" . }}
- name: secrets
  projected:
    sources:
      - secret:
          name: {{ .Values.existingSecret | default (include "netbox.fullname" .) }}
          items:
            - key: secret_key
              path: secret_key
      {{- with .Values.externalDatabase }}
      - secret:
          name: {{ .existingSecretName | default (printf "%s-db" (include "netbox.fullname" $)) }}
          items:
            - key: {{ .existingSecretKey }}
              path: db_password
      {{- end }}
      {{- range $file, $store := dict "tasks_password" .Values.tasksDatabase "cache_password" .Values.cachingDatabase }}
      {{- if $store.existingSecretName }}
      - secret:
          name: {{ $store.existingSecretName }}
          items:
            - key: {{ $store.existingSecretKey }}
              path: {{ $file }}
      {{- end }}
      {{- end }}
{{- range $i, $extra := .Values.extraConfig }}
- name: extra-config-{{ $i }}
  {{- if $extra.values }}
  configMap:
    name: {{ include "netbox.fullname" $ }}
    items:
      - key: extra-{{ $i }}.yaml
        path: extra.yaml
  {{- else }}
  {{- toYaml $extra | nindent 2 }}
  {{- end }}
{{- end }}
- name: tmp
  emptyDir:
    medium: Memory
- name: media
  {{- if .Values.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim | default (printf "%s-media" (include "netbox.fullname" .)) }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
