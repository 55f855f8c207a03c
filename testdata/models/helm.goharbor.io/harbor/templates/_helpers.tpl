{{/* Short name: the chart's, unless overridden. */}}
{{- define "harbor.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of the release's objects: the release alone where it already says what it is. */}}
{{- define "harbor.fullname" -}}
{{- $short := include "harbor.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $short .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- list .Release.Name $short | join "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that selectors may use; they never change between versions. */}}
{{- define "harbor.selectorLabels" -}}
app.kubernetes.io/name: {{ include "harbor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "harbor.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "harbor.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of one component. Call with (list $ "core"). */}}
{{- define "harbor.componentLabels" -}}
{{ include "harbor.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels that select one component. Call with (list $ "core"). */}}
{{- define "harbor.componentSelector" -}}
{{ include "harbor.selectorLabels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Name of one component's objects. Call with (list $ "core"). */}}
{{- define "harbor.component" -}}
{{- printf "%s-%s" (include "harbor.fullname" (index . 0)) (index . 1) -}}
{{- end }}

{{/* Image reference of a component. Call with (list $ .Values.core). */}}
{{- define "harbor.image" -}}
{{- $image := (index . 1).image -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (printf "v%s" (index . 0).Chart.AppVersion)) -}}
{{- end }}

{{/* A secret of a component that the user left out: fixed for the release, so that a render repeats. Call with (list $ "core" .Values.core.secret). */}}
{{- define "harbor.secretOr" -}}
{{- index . 2 | default (printf "%s/%s/%s" (index . 0).Release.Namespace (index . 0).Release.Name (index . 1) | sha256sum | trunc 16) -}}
{{- end }}

{{/* Host and port of Redis. */}}
{{- define "harbor.redis.addr" -}}
{{- if eq .Values.redis.type "internal" -}}
{{- printf "%s-redis:6379" (include "harbor.fullname" .) -}}
{{- else -}}
{{- .Values.redis.external.addr -}}
{{- end -}}
{{- end }}

{{/* Redis URL of one database index; user and password are escaped for the URL. Call with (list $ "1"). */}}
{{- define "harbor.redis.url" -}}
{{- $root := index . 0 -}}
{{- $credentials := "" -}}
{{- if eq $root.Values.redis.type "external" -}}
{{- with $root.Values.redis.external -}}
{{- if .password -}}
{{- $credentials = printf "%s:%s@" (.username | urlquery) (.password | urlquery) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- printf "redis://%s%s/%s?idle_timeout_seconds=30" $credentials (include "harbor.redis.addr" $root) (index . 1) -}}
{{- end }}

{{/* Connection of a component to the database, as environment variables. */}}
{{- define "harbor.database.host" -}}
{{- if eq .Values.database.type "internal" -}}
{{- printf "%s-database" (include "harbor.fullname" .) -}}
{{- else -}}
{{- .Values.database.external.host -}}
{{- end -}}
{{- end }}

{{/* Address of core inside the cluster. */}}
{{- define "harbor.coreURL" -}}
{{- printf "http://%s:80" (include "harbor.component" (list . "core")) -}}
{{- end }}

{{/* The parts of a pod spec that all components share. Call with (list $ .Values.core "core"). */}}
{{- define "harbor.podCommon" -}}
securityContext:
  runAsUser: 10000
  fsGroup: 10000
automountServiceAccountToken: false
{{- with (index . 1).nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (index . 1).tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $selector := include "harbor.componentSelector" (list (index . 0) (index . 2)) | fromYaml }}
{{- with (index . 1).topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ merge (dict "labelSelector" (dict "matchLabels" $selector)) . | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A volume claim of a component. Call with (list $ "registry" CLAIM). */}}
{{- define "harbor.claim" -}}
{{- $root := index . 0 -}}
{{- $claim := index . 2 -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "harbor.component" (list $root (index . 1)) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "harbor.componentLabels" (list $root (index . 1)) | nindent 4 }}
  {{- if eq $root.Values.persistence.resourcePolicy "keep" }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
spec:
  accessModes:
    - {{ $claim.accessMode }}
  resources:
    requests:
      storage: {{ $claim.size }}
  {{- with $claim.storageClass }}
  storageClassName: {{ ternary "" . (eq . "-") | quote }}
  {{- end }}
{{- end }}

{{/* A bundled store: a StatefulSet with one volume, and its Service. Call with (list $ "redis" VALUES PORT). */}}
{{- define "harbor.store" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $values := index . 2 -}}
{{- $port := index . 3 -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "harbor.component" (list $root $kind) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "harbor.componentLabels" (list $root $kind) | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ include "harbor.component" (list $root $kind) }}
  selector:
    matchLabels:
      {{- include "harbor.componentSelector" (list $root $kind) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "harbor.componentLabels" (list $root $kind) | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: {{ $kind }}
          image: {{ include "harbor.image" (list $root $values) }}
          imagePullPolicy: IfNotPresent
          ports:
            - containerPort: {{ $port }}
          {{- if eq $kind "database" }}
          env:
            - name: POSTGRES_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {{ include "harbor.component" (list $root "core") }}
                  key: POSTGRESQL_PASSWORD
          {{- end }}
          volumeMounts:
            - name: data
              mountPath: {{ ternary "/var/lib/postgresql/data" "/var/lib/redis" (eq $kind "database") }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: {{ $values.size }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "harbor.component" (list $root $kind) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "harbor.componentLabels" (list $root $kind) | nindent 4 }}
spec:
  ports:
    - port: {{ $port }}
  selector:
    {{- include "harbor.componentSelector" (list $root $kind) | nindent 4 }}
{{- end }}
