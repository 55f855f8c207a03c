{{- define "redefined.who" }}parent b{{ end }}
