{{- define "lit.text" }}{{ .Chart.Name }}/{{ .Values.own }}{{ end }}
