{{- define "shared.name" }}defined in outer{{ end }}
