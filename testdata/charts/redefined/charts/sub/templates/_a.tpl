{{- define "redefined.who" }}sub{{ end }}
