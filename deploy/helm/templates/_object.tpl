{{- /* One object as YAML, from `object` and the values of `root`. */ -}}
{{- define "port-identity.object" }}
{{- $values := .root.Values }}
{{- $object := .object }}
{{- $name := $object.metadata.name }}
{{- $key := printf "%s/%s" $object.kind $name }}
{{- $labels := dict "app.kubernetes.io/part-of" "port-identity" }}
{{- $_ := set $object.metadata "labels" (merge (default dict $object.metadata.labels) $labels) }}
{{- $_ := set $object.metadata "namespace" .root.Release.Namespace }}
{{- if hasPrefix "monitoring.coreos.com/" $object.apiVersion }}
{{- $_ := set $object.metadata.labels "release" $values.prometheusRelease }}
{{- end }}
{{- if eq $object.kind "Deployment" }}
{{- /* Without `replicas`, which null removes from the values, an autoscaler sets the number. */ -}}
{{- $_ := unset $object.spec "replicas" }}
{{- if hasKey $values.replicas $name }}{{ $_ := set $object.spec "replicas" (get $values.replicas $name) }}{{ end }}
{{- include "port-identity.pod" (dict "root" .root "name" $name "template" $object.spec.template) }}
{{- else if eq $object.kind "CronJob" }}
{{- $_ := set $object.spec.jobTemplate "metadata" (dict "labels" $labels) }}
{{- include "port-identity.pod" (dict "root" .root "name" $name "template" $object.spec.jobTemplate.spec.template) }}
{{- else if eq $object.kind "Job" }}
{{- /* A Job is immutable: each revision of the release has a Job of its own, and Helm deletes the Job of the previous revision. */ -}}
{{- $_ := set $object.metadata "name" (printf "%s-%d" $name .root.Release.Revision) }}
{{- include "port-identity.pod" (dict "root" .root "name" $name "template" $object.spec.template) }}
{{- end }}
{{- toYaml (mergeOverwrite $object (deepCopy (default dict (get $values.patches $key)))) }}
{{- end }}

{{- /* Change a pod's `template` in place: labels, images, restart when settings change, consent texts, traces. */ -}}
{{- define "port-identity.pod" }}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $spec := .template.spec }}
{{- $_ := set .template.metadata.labels "app.kubernetes.io/part-of" "port-identity" }}
{{- if ne .name "migrate" }}
{{- $_ := set .template.metadata "annotations" (dict "checksum/settings" (toJson $values.settings | sha256sum)) }}
{{- end }}
{{- with $values.imagePullSecrets }}{{ $_ := set $spec "imagePullSecrets" . }}{{ end }}
{{- $readsConsents := and $values.consents (eq .name "identity") }}
{{- range $container := concat (default list $spec.initContainers) $spec.containers }}
{{- $image := get $values.images (trimPrefix "port-" $container.image) }}
{{- $tag := default $root.Chart.AppVersion $image.tag }}
{{- $_ := set $container "image" (printf "%s:%s" $image.repository $tag) }}
{{- if $image.digest }}{{ $_ := set $container "image" (printf "%s@%s" $image.repository $image.digest) }}{{ end }}
{{- if $readsConsents }}
{{- $mount := dict "name" "consents" "mountPath" "/etc/port/consents" "readOnly" true }}
{{- $_ := set $container "volumeMounts" (prepend $container.volumeMounts $mount) }}
{{- end }}
{{- end }}
{{- if $readsConsents }}
{{- $volume := dict "name" "consents" "configMap" (dict "name" $values.consents) }}
{{- $_ := set $spec "volumes" (prepend $spec.volumes $volume) }}
{{- end }}
{{- if and $values.components.tracing (has .name (list "identity" "relay" "notify" "mailer")) }}
{{- $container := first $spec.containers }}
{{- $variable := dict "name" "OTEL_EXPORTER_OTLP_ENDPOINT" "value" $values.tracingEndpoint }}
{{- $_ := set $container "env" (append $container.env $variable) }}
{{- end }}
{{- end }}
