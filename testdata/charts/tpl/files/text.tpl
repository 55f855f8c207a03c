{{ .Release.Name }} in {{ .Release.Namespace }}
