{{- define "parts.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .root.Release.Name }}
spec:
  ports: [{port: {{ .port }}}]
  selector: {app: {{ .root.Chart.Name }}}
{{- end -}}
{{- define "parts.base" -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: merged, labels: {base: "yes", over: "no"}}
{{- end -}}
