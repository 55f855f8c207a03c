{{- define "tpl.name" }}{{ .Chart.Name }}-helper{{ end }}
