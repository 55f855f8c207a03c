{{- define "dark.text" }}dark{{ end }}
