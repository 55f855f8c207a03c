{{/* Short name: the chart's, unless overridden. */}}
{{- define "valkey.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "valkey.fullname" -}}
{{- $short := include "valkey.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "valkey.selectorLabels" -}}
app.kubernetes.io/name: {{ include "valkey.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "valkey.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "valkey.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Name of the service account. */}}
{{- define "valkey.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "valkey.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* Image reference. Call with (list $ .Values.image "DEFAULT-TAG"). */}}
{{- define "valkey.image" -}}
{{- $image := index . 1 -}}
{{- $registry := (index . 0).Values.global.imageRegistry | default $image.registry -}}
{{- printf "%s/%s:%s" $registry $image.repository ($image.tag | default (index . 2)) -}}
{{- end }}

{{/* Name of the Secret that holds the users' passwords. */}}
{{- define "valkey.usersSecret" -}}
{{- if .Values.auth.usersExistingSecret -}}
{{- tpl .Values.auth.usersExistingSecret . -}}
{{- else -}}
{{- include "valkey.fullname" . }}-auth
{{- end -}}
{{- end }}

{{/* Refuses values that would start an open or a broken store. */}}
{{- define "valkey.check" -}}
{{- if and .Values.auth.enabled (not (hasKey .Values.auth.aclUsers "default")) -}}
{{- fail "auth.aclUsers: without the user default anyone may connect" -}}
{{- end -}}
{{- if and .Values.replica.enabled (not .Values.replica.persistence.size) -}}
{{- fail "replica.persistence.size: replicas need a volume, so say how large" -}}
{{- end -}}
{{- end }}

{{/* Pod template of the Deployment and the StatefulSet. */}}
{{- define "valkey.pod" -}}
{{- $primary := printf "%s-0.%s-headless.%s.svc.%s" (include "valkey.fullname" .) (include "valkey.fullname" .) .Release.Namespace .Values.clusterDomain -}}
metadata:
  annotations:
    checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "valkey.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "valkey.serviceAccountName" . }}
  automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
  {{- with .Values.global.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  initContainers:
    - name: valkey-init
      image: {{ include "valkey.image" (list . .Values.image .Chart.AppVersion) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [/bin/sh, /scripts/init.sh]
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: PRIMARY
          value: {{ $primary }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
        - name: scripts
          mountPath: /scripts
        {{- if .Values.auth.enabled }}
        - name: users
          mountPath: /users
          readOnly: true
        {{- end }}
  containers:
    - name: valkey
      image: {{ include "valkey.image" (list . .Values.image .Chart.AppVersion) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [valkey-server, /data/conf/valkey.conf]
      ports:
        - name: tcp
          containerPort: {{ .Values.service.port }}
          protocol: TCP
      startupProbe: &probe
        tcpSocket:
          port: tcp
        periodSeconds: 10
      livenessProbe: *probe
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
    {{- if .Values.metrics.enabled }}
    - name: metrics
      image: {{ include "valkey.image" (list . .Values.metrics.exporter.image "latest") }}
      env:
        - name: REDIS_ADDR
          value: redis://localhost:{{ .Values.service.port }}
        {{- if .Values.auth.enabled }}
        - name: REDIS_PASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ include "valkey.usersSecret" . }}
              key: {{ (index .Values.auth.aclUsers "default").passwordKey | default "default" }}
        {{- end }}
      ports:
        - name: metrics
          containerPort: {{ .Values.metrics.exporter.port }}
      {{- with .Values.metrics.exporter.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
    {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
  {{- with index $.Values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  volumes:
    - name: scripts
      configMap:
        name: {{ include "valkey.fullname" . }}-init-scripts
        defaultMode: 365
    {{- if .Values.auth.enabled }}
    - name: users
      secret:
        secretName: {{ include "valkey.usersSecret" . }}
    {{- end }}
    {{- if not .Values.replica.enabled }}
    - name: data
      {{- if .Values.dataStorage.enabled }}
      persistentVolumeClaim:
        claimName: {{ include "valkey.fullname" . }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- end }}
{{- end }}
