{{- define "shared.name" }}defined in inner{{ end }}
