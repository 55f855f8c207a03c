{{- define "redefined.who" }}parent a{{ end }}
