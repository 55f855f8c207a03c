{{/* Name of the service account. */}}
{{- define "traefik.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "traefik.fullname" .) -}}
{{- end }}

{{/* Pod template, the same for a Deployment and a DaemonSet. */}}
{{- define "traefik.pod" -}}
metadata:
  annotations:
    {{- with .Values.deployment.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    prometheus.io/scrape: "true"
    prometheus.io/path: /metrics
    prometheus.io/port: {{ .Values.ports.metrics.port | quote }}
  labels:
    {{- include "traefik.labels" . | nindent 4 }}
    {{- with .Values.deployment.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "traefik.serviceAccountName" . }}
  terminationGracePeriodSeconds: {{ .Values.deployment.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: traefik
      image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        {{- if .Values.global.checkNewVersion }}
        - --global.checkNewVersion
        {{- end }}
        {{- range $name := keys .Values.ports | sortAlpha }}
        {{- with index $.Values.ports $name }}
        - --entryPoints.{{ $name }}.address=:{{ .port }}/{{ .protocol | default "TCP" | lower }}
        {{- end }}
        {{- end }}
        - --api.dashboard=true
        - --ping=true
        - --metrics.prometheus=true
        - --metrics.prometheus.entrypoint={{ .Values.metrics.prometheus.entryPoint }}
        {{- with .Values.providers.kubernetesCRD }}
        {{- if .enabled }}
        - --providers.kubernetescrd
        {{- if .allowCrossNamespace }}
        - --providers.kubernetescrd.allowCrossNamespace=true
        {{- end }}
        {{- with .namespaces }}
        - --providers.kubernetescrd.namespaces={{ join "," . }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with .Values.providers.kubernetesIngress }}
        {{- if .enabled }}
        - --providers.kubernetesingress
        {{- if .publishedService.enabled }}
        - --providers.kubernetesingress.ingressendpoint.publishedservice={{ $.Release.Namespace }}/{{ include "traefik.fullname" $ }}
        {{- end }}
        {{- end }}
        {{- end }}
        - --log.level={{ .Values.logs.general.level }}
        {{- if .Values.logs.access.enabled }}
        - --accesslog=true
        {{- end }}
        {{- with .Values.additionalArguments }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- range $name := keys .Values.ports | sortAlpha }}
        {{- with index $.Values.ports $name }}
        - name: {{ $name }}
          containerPort: {{ .port }}
          protocol: {{ .protocol | default "TCP" }}
        {{- end }}
        {{- end }}
      readinessProbe: &probe
        httpGet:
          path: /ping
          port: {{ .Values.ports.traefik.port }}
          scheme: HTTP
        initialDelaySeconds: 2
        periodSeconds: 10
        timeoutSeconds: 2
        failureThreshold: 3
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
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: data
      emptyDir: {}
    - name: tmp
      emptyDir: {}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
{{- end }}
